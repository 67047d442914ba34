import { describe, expect, it } from 'vitest'
import { formatAgo, formatDay, formatSize, formatTime, zoneLabel } from '@/shared/i18n/format'

const at = '2026-11-21T07:05:00.000Z'

describe('times in the zone of the school', () => {
  it('carry the name people use', () => {
    expect(formatTime(at, 'Asia/Jakarta', 'id')).toBe('14.05 WIB')
    expect(formatTime(at, 'Asia/Makassar', 'id')).toBe('15.05 WITA')
    expect(formatTime(at, 'Asia/Jayapura', 'en')).toBe('16:05 WIT')
    expect(zoneLabel('UTC', 'en')).toBe('UTC')
  })

  it('are relative for a week, then dates', () => {
    const now = Date.parse(at)
    expect(formatAgo(at, 'Asia/Jakarta', 'id', now + 20_000)).toBe('baru saja')
    expect(formatAgo(at, 'Asia/Jakarta', 'id', now + 300_000)).toBe('5 menit yang lalu')
    expect(formatAgo(at, 'Asia/Jakarta', 'en', now + 26 * 3_600_000)).toBe('yesterday')
    expect(formatAgo(at, 'Asia/Jakarta', 'id', now + 30 * 86_400_000)).toBe('21 November 2026')
  })

  it('do not shift a calendar day', () => expect(formatDay('2026-11-21', 'id')).toBe('21 Nov'))
})

describe('formatSize', () => {
  it('uses the unit that reads best', () => {
    expect(formatSize(1_234_567, 'id')).toBe('1,2 MB')
    expect(formatSize(84_200, 'en')).toBe('84 KB')
    expect(formatSize(10, 'en')).toBe('1 KB')
  })
})
