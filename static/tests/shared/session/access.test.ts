import { describe, expect, it } from 'vitest'
import { decideAccess, returnPath } from '@/shared/session/access'
import { student } from '../../support/samples'

const to = (access: 'public' | 'any' | 'student' | 'counsellor', fullPath = '/x', query = {}) => ({
  name: access === 'public' ? 'login' : 'page',
  meta: { title: '', access },
  fullPath,
  query,
})

describe('decideAccess', () => {
  it('sends strangers to the login with the way back', () => {
    expect(decideAccess(to('student', '/student/materi'), null)).toEqual({ name: 'login', query: { next: '/student/materi' } })
  })

  it('lets the right role in and shows others the 403 page', () => {
    expect(decideAccess(to('student'), student)).toBe(true)
    expect(decideAccess(to('any'), student)).toBe(true)
    expect(decideAccess(to('counsellor'), student)).toEqual({ name: 'forbidden' })
  })

  it('sends who is logged in from the login page home, or back', () => {
    expect(decideAccess(to('public'), student)).toBe('/student/dashboard')
    expect(decideAccess(to('public', '/login', { next: '/account' }), student)).toBe('/account')
    expect(decideAccess(to('public'), null)).toBe(true)
  })
})

describe('returnPath', () => {
  it('never leads to another site', () => {
    for (const next of ['//evil.example', 'https://evil.example', '/\\evil', '', undefined, ['/a'], '/login?next=/x', '/403']) {
      expect(returnPath(next)).toBeNull()
    }
    expect(returnPath('/student/materi?x=1')).toBe('/student/materi?x=1')
  })
})
