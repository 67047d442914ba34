import { describe, expect, it } from 'vitest'
import {
  addDays,
  addMonths,
  dayOf,
  daysBetween,
  daysFrom,
  instantOf,
  minuteOf,
  minutesOf,
  readTime,
  timeOf,
  weekdayOf,
  weekStartOf,
} from '@/shared/calendar/days'

describe('days of the school', () => {
  it("begin at the school's midnight, not at ours", () => {
    expect(dayOf('2026-11-20T16:59:59Z', 'Asia/Jakarta')).toBe('2026-11-20')
    expect(dayOf('2026-11-20T17:00:00Z', 'Asia/Jakarta')).toBe('2026-11-21')
    expect(dayOf('2026-11-20T15:00:00Z', 'Asia/Jayapura')).toBe('2026-11-21')
    expect(minuteOf('2026-11-20T17:05:00Z', 'Asia/Jakarta')).toBe(5)
    expect(minuteOf('2026-11-20T17:05:00Z', 'Asia/Makassar')).toBe(65)
  })

  it('go over the ends of months, years and leap days', () => {
    expect(addDays('2027-02-28', 1)).toBe('2027-03-01')
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29')
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28')
    expect(daysBetween('2026-12-30', '2027-01-02')).toBe(3)
    expect(daysBetween('2027-01-02', '2026-12-30')).toBe(-3)
    expect(addMonths('2026-01-31', 1)).toBe('2026-02-28')
    expect(addMonths('2026-11-15', 2)).toBe('2027-01-15')
    expect(addMonths('2026-01-15', -1)).toBe('2025-12-15')
  })

  it('start their week on Monday', () => {
    expect(weekdayOf('2026-11-23')).toBe(1)
    expect(weekdayOf('2026-11-22')).toBe(7)
    expect(weekStartOf('2026-11-22')).toBe('2026-11-16')
    expect(weekStartOf('2026-11-23')).toBe('2026-11-23')
    expect(daysFrom('2026-11-30', 3)).toEqual(['2026-11-30', '2026-12-01', '2026-12-02'])
  })
})

describe('instants', () => {
  it("come from the school's clock and lead back to it, in every zone and hour", () => {
    for (const zone of ['Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura', 'Europe/Berlin', 'America/St_Johns', 'UTC']) {
      for (const day of ['2026-01-01', '2026-03-28', '2026-10-26', '2028-02-29']) {
        for (const minute of [0, 5, 90, 720, 1435]) {
          const at = instantOf(day, minute, zone)
          expect([dayOf(at, zone), minuteOf(at, zone)], `${zone} ${day} ${minute}`).toEqual([day, minute])
        }
      }
    }
  })

  it('step over an hour that a clock change skips', () => {
    expect(instantOf('2026-03-29', 150, 'Europe/Berlin').toISOString()).toBe('2026-03-29T01:30:00.000Z')
    expect(instantOf('2026-03-29', 180, 'Europe/Berlin').toISOString()).toBe('2026-03-29T01:00:00.000Z')
  })
})

describe('times of day', () => {
  it('are read and written as HH:MM', () => {
    expect(minutesOf('08:30')).toBe(510)
    expect(minutesOf('24:00')).toBe(1440)
    for (const bad of ['', '8:30', '08:60', '24:05', '25:00', 'aa:bb']) expect(minutesOf(bad), bad).toBeNaN()
    expect(['8', '08', '830', '0830', '8.30', '8:30', ' 08:30 ', '24'].map(readTime)).toEqual([
      '08:00',
      '08:00',
      '08:30',
      '08:30',
      '08:30',
      '08:30',
      '08:30',
      '24:00',
    ])
    for (const bad of ['', 'x', '8:3', '25', '2415', '8:75']) expect(readTime(bad), bad).toBeNull()
    expect(timeOf(510)).toBe('08:30')
    expect(timeOf(1440)).toBe('24:00')
  })
})
