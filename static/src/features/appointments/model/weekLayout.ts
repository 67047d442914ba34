import type { Slot } from '@/shared/api/appointmentTypes'
import { dayOf, minuteOf } from '@/shared/calendar/days'

/** Where one entry stands in its day's column: minutes of the day, and its lane when entries overlap. */
export interface Placed<Item> {
  item: Item
  fromMinute: number
  toMinute: number
  lane: number
  /** How many lanes the entries that overlap share. */
  lanes: number
}

/** The least height an entry is drawn with, so that its text can be read and it can be tapped. */
const shortestMinutes = 30

/** The entries of one day, side by side where they overlap. Ends after midnight are drawn to the end of the day. */
export function placeDay<Item extends Slot>(items: readonly Item[], day: string, zone: string): Placed<Item>[] {
  const entries = items
    .filter((item) => dayOf(item.starts_at, zone) === day)
    .map((item) => {
      const fromMinute = minuteOf(item.starts_at, zone)
      const end = dayOf(item.ends_at, zone) === day ? minuteOf(item.ends_at, zone) : 1440
      return { item, fromMinute, toMinute: Math.min(1440, Math.max(end, fromMinute + shortestMinutes)) }
    })
    .sort((a, b) => a.fromMinute - b.fromMinute || b.toMinute - a.toMinute)

  const placed: Placed<Item>[] = []
  let cluster: Placed<Item>[] = []
  let clusterEnd = -1
  const laneEnds: number[] = []
  const closeCluster = () => {
    for (const entry of cluster) entry.lanes = laneEnds.length
    cluster = []
    laneEnds.length = 0
  }
  for (const entry of entries) {
    if (entry.fromMinute >= clusterEnd) closeCluster()
    const free = laneEnds.findIndex((end) => end <= entry.fromMinute)
    const lane = free === -1 ? laneEnds.length : free
    laneEnds[lane] = entry.toMinute
    clusterEnd = Math.max(clusterEnd, entry.toMinute)
    const one = { ...entry, lane, lanes: 1 }
    cluster.push(one)
    placed.push(one)
  }
  closeCluster()
  return placed
}

/** The whole hours a week view must show: what is open and what is booked, at least 8 to 15. */
export function visibleHours(ranges: readonly { fromMinute: number; toMinute: number }[]): { from: number; to: number } {
  const from = Math.min(8 * 60, ...ranges.map(({ fromMinute }) => fromMinute))
  const to = Math.max(15 * 60, ...ranges.map(({ toMinute }) => toMinute))
  return { from: Math.floor(from / 60), to: Math.ceil(to / 60) }
}
