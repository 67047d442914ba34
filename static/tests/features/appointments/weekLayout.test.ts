import { describe, expect, it } from 'vitest'
import { placeDay, visibleHours } from '@/features/appointments/model/weekLayout'

const zone = 'Asia/Jakarta'
const at = (id: string, from: string, to: string) => ({ id, starts_at: `2026-11-23T${from}:00Z`, ends_at: `2026-11-23T${to}:00Z` })
const shape = (items: ReturnType<typeof at>[]) =>
  placeDay(items, '2026-11-23', zone).map(({ item, lane, lanes }) => `${item.id} ${lane + 1}/${lanes}`)

describe('a day of the week calendar', () => {
  it("places entries by the school's clock and only those of the day", () => {
    const placed = placeDay([at('a', '01:00', '01:45'), at('b', '18:00', '18:45')], '2026-11-23', zone)
    expect(placed).toMatchObject([{ item: { id: 'a' }, fromMinute: 480, toMinute: 525, lane: 0, lanes: 1 }])
  })

  it('puts overlapping entries side by side and reuses free lanes', () => {
    expect(shape([at('a', '01:00', '02:00'), at('b', '01:30', '02:30'), at('c', '02:00', '03:00')])).toEqual(['a 1/2', 'b 2/2', 'c 1/2'])
    expect(shape([at('a', '01:00', '02:00'), at('b', '02:00', '03:00')])).toEqual(['a 1/1', 'b 1/1'])
  })

  it('draws short entries and ends after midnight so that they can be seen', () => {
    expect(placeDay([at('a', '01:00', '01:10')], '2026-11-23', zone)[0]).toMatchObject({ toMinute: 510 })
    expect(placeDay([at('a', '16:30', '17:30')], '2026-11-23', zone)[0]).toMatchObject({ fromMinute: 1410, toMinute: 1440 })
  })

  it('shows the hours that are open or booked, at least the school day', () => {
    expect(visibleHours([])).toEqual({ from: 8, to: 15 })
    expect(visibleHours([{ fromMinute: 430, toMinute: 1000 }])).toEqual({ from: 7, to: 17 })
  })
})
