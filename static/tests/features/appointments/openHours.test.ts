import { describe, expect, it } from 'vitest'
import type { AvailabilityRules, WeeklyRule } from '@/shared/api/appointmentTypes'
import {
  copyDay,
  exampleSlots,
  nextRange,
  openRanges,
  timesProblem,
  weeklyMinutes,
  weeklyProblems,
} from '@/features/appointments/model/openHours'

const rule = (weekday: number, from: string, to: string): WeeklyRule => ({ weekday, from, to })
const monday = '2026-11-23'
const rules: AvailabilityRules = {
  weekly: [rule(1, '08:00', '12:00'), rule(1, '13:00', '15:00'), rule(2, '08:00', '10:00')],
  exceptions: [],
  slot_minutes: 45,
  buffer_before_minutes: 0,
  buffer_after_minutes: 15,
  daily_cap: null,
  minimum_notice_minutes: 60,
  horizon_days: 30,
}
const text = (ranges: { fromMinute: number; toMinute: number }[]) =>
  ranges.map(({ fromMinute, toMinute }) => `${fromMinute / 60}-${toMinute / 60}`)

describe('open hours', () => {
  it('of a day are its weekly rules', () => {
    expect(text(openRanges(rules, monday))).toEqual(['8-12', '13-15'])
    expect(openRanges(rules, '2026-11-22')).toEqual([])
  })

  it('grow by extra hours and shrink by closed ones', () => {
    const open = (exceptions: AvailabilityRules['exceptions']) => text(openRanges({ ...rules, exceptions }, monday))
    expect(open([{ date: monday, kind: 'closed' }])).toEqual([])
    expect(open([{ date: monday, kind: 'closed', from: '09:00', to: '14:00' }])).toEqual(['8-9', '14-15'])
    expect(open([{ date: monday, kind: 'extra', from: '12:00', to: '13:00' }])).toEqual(['8-15'])
    expect(open([{ date: '2026-11-24', kind: 'closed' }])).toEqual(['8-12', '13-15'])
  })

  it('give slots that keep their buffers and the cap', () => {
    expect(exampleSlots(rules, openRanges(rules, monday))).toEqual(['08:00', '09:00', '10:00', '11:00', '13:00', '14:00'])
    expect(exampleSlots({ ...rules, daily_cap: 2 }, openRanges(rules, monday))).toEqual(['08:00', '09:00'])
    expect(exampleSlots({ ...rules, slot_minutes: 0, buffer_after_minutes: 0 }, openRanges(rules, monday))).toEqual([])
  })

  it('add up over a week without counting overlaps twice', () => {
    expect(weeklyMinutes(rules.weekly)).toBe(480)
    expect(weeklyMinutes([rule(1, '08:00', '10:00'), rule(1, '09:00', '11:00')])).toBe(180)
  })
})

describe('weekly rules', () => {
  it('are refused where the times are wrong, the wrong way round, or overlap', () => {
    expect([...weeklyProblems(rules.weekly)]).toEqual([])
    expect([...weeklyProblems([rule(1, '08:00', '12:00'), rule(1, '11:55', '13:00'), rule(2, '11:55', '13:00')])]).toEqual([[1, 'overlap']])
    expect(timesProblem('08:03', '09:00')).toBe('time')
    expect(timesProblem('', '09:00')).toBe('time')
    expect(timesProblem('09:00', '09:00')).toBe('order')
    expect(timesProblem('09:00', '24:00')).toBeNull()
  })

  it('are added after the last of the day', () => {
    expect(nextRange([], 3)).toEqual(rule(3, '08:00', '12:00'))
    expect(nextRange(rules.weekly, 1)).toEqual(rule(1, '16:00', '18:00'))
    expect(nextRange([rule(1, '08:00', '24:00')], 1)).toEqual(rule(1, '23:00', '24:00'))
  })

  it('are copied to other days', () => {
    expect(copyDay(rules.weekly, 2, [1, 3])).toEqual([rule(1, '08:00', '10:00'), rule(2, '08:00', '10:00'), rule(3, '08:00', '10:00')])
  })
})
