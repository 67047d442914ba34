import { describe, expect, it } from 'vitest'
import { nearestSlots, slotsByDay, slotsByPart, withDays } from '@/features/appointments/model/slots'

const zone = 'Asia/Jakarta'
const slot = (at: string) => ({ starts_at: `${at}.000Z`, ends_at: `${at}.000Z` })
const starts = (slots: { starts_at: string }[]) => slots.map(({ starts_at }) => starts_at.slice(0, 16))

describe('slots', () => {
  it("are grouped by the school's day, in order", () => {
    const days = slotsByDay([slot('2026-11-23T17:30:00'), slot('2026-11-23T02:00:00'), slot('2026-11-23T01:00:00')], zone)
    expect([...days.keys()]).toEqual(['2026-11-23', '2026-11-24'])
    expect(starts(days.get('2026-11-23') ?? [])).toEqual(['2026-11-23T01:00', '2026-11-23T02:00'])
  })

  it('are grouped by the part of the day', () => {
    const parts = slotsByPart(
      ['T01:00:00', 'T03:59:00', 'T04:00:00', 'T08:00:00', 'T11:00:00'].map((at) => slot(`2026-11-23${at}`)),
      zone,
    )
    expect(parts.map(({ part, slots }) => [part, slots.length])).toEqual([
      ['morning', 2],
      ['midday', 1],
      ['afternoon', 1],
      ['evening', 1],
    ])
  })

  it('nearest to a lost one are offered in order of time', () => {
    const free = ['T01:00:00', 'T02:00:00', 'T04:00:00', 'T09:00:00'].map((at) => slot(`2026-11-23${at}`))
    expect(starts(nearestSlots(free, '2026-11-23T03:00:00.000Z'))).toEqual(['2026-11-23T01:00', '2026-11-23T02:00', '2026-11-23T04:00'])
    expect(nearestSlots([], '2026-11-23T03:00:00.000Z')).toEqual([])
  })

  it('of changed days are replaced, the others kept', () => {
    const known = [slot('2026-11-23T01:00:00'), slot('2026-11-23T02:00:00'), slot('2026-11-24T01:00:00')]
    expect(starts(withDays(known, [slot('2026-11-23T02:00:00')], ['2026-11-23'], zone))).toEqual(['2026-11-23T02:00', '2026-11-24T01:00'])
    expect(starts(withDays(known, [], ['2026-11-23', '2026-11-24'], zone))).toEqual([])
  })
})
