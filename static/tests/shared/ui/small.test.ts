import { describe, expect, it } from 'vitest'
import { deviceOf } from '@/features/accounts/ui/own/deviceName'
import { toneOf } from '@/features/materials/ui/categoryTone'
import { maxFileBytes, refuseFile } from '@/features/materials/ui/upload/pdfCheck'
import { lookOf, targetOf, textOf } from '@/features/notices/ui/noticeLook'
import { newPassword } from '@/features/accounts/ui/users/newPassword'
import type { Notice } from '@/shared/api/types'
import { noticeOf } from '../../support/samples'

describe('refuseFile', () => {
  it('refuses what the server would refuse anyway', () => {
    expect(refuseFile({ name: 'a.txt', size: 5 })).toBe('notPdf')
    expect(refuseFile({ name: 'a.pdf', size: 0 })).toBe('emptyFile')
    expect(refuseFile({ name: 'a.pdf', size: maxFileBytes + 1 })).toBe('tooLarge')
    expect(refuseFile({ name: 'A.PDF', size: maxFileBytes })).toBeNull()
  })
})

describe('notices', () => {
  it('speak the language of the page', () => {
    expect(textOf(noticeOf('1'), 'en').title).toBe('Material 1')
    expect(textOf({ ...noticeOf('1'), texts: {} as Notice['texts'] }, 'en').title).toBe('Materi 1')
  })

  it('lead to the page of the role, if it has one', () => {
    expect(targetOf(noticeOf('1'), 'student')).toBe('/student/materi/m-1')
    expect(targetOf(noticeOf('1'), 'counsellor')).toBe('/guru/materi/m-1')
    expect(targetOf(noticeOf('1'), 'admin')).toBeNull()
    expect(targetOf({ data: {} }, 'student')).toBeNull()
  })

  it('of an unknown category still have a look', () => expect(lookOf({ kind: 'x', category: 'later' }).icon).toBe('bell'))
})

describe('small rules', () => {
  it('give a category the same tone every time', () => expect(toneOf('Karier')).toBe(toneOf('karier')))

  it('name devices', () => {
    expect(deviceOf('Mozilla/5.0 (Linux; Android 12) Chrome/120.0 Mobile Safari/537.36')).toEqual({ browser: 'Chrome', system: 'Android' })
    expect(deviceOf('Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537.36 Edg/120.0')).toEqual({ browser: 'Edge', system: 'Windows' })
    expect(deviceOf('curl/8')).toBeNull()
  })

  it('make passwords that can be read aloud', () => {
    expect(newPassword()).toMatch(/^([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}$/)
    expect(newPassword()).not.toBe(newPassword())
  })
})
