import type { Slot } from '@/shared/api/appointmentTypes'
import { dayOf, minuteOf } from '@/shared/calendar/days'

export type PartOfDay = 'morning' | 'midday' | 'afternoon' | 'evening'

/** From which minute each part of a day counts, as people in Indonesia say it: pagi, siang, sore, malam. */
const parts: [PartOfDay, number][] = [
  ['evening', 18 * 60],
  ['afternoon', 15 * 60],
  ['midday', 11 * 60],
  ['morning', 0],
]

/** Slots by the school's day, each day in order. */
export function slotsByDay(slots: readonly Slot[], zone: string): Map<string, Slot[]> {
  const days = new Map<string, Slot[]>()
  for (const slot of [...slots].sort((a, b) => a.starts_at.localeCompare(b.starts_at))) {
    const day = dayOf(slot.starts_at, zone)
    days.set(day, [...(days.get(day) ?? []), slot])
  }
  return days
}

/** One day's slots by part of the day, parts without slots left out. */
export function slotsByPart(slots: readonly Slot[], zone: string): { part: PartOfDay; slots: Slot[] }[] {
  const groups: { part: PartOfDay; slots: Slot[] }[] = []
  for (const slot of slots) {
    const part = partOf(minuteOf(slot.starts_at, zone))
    const last = groups.at(-1)
    if (last?.part === part) last.slots.push(slot)
    else groups.push({ part, slots: [slot] })
  }
  return groups
}

/** The slots nearest in time to one that is gone, in order of time. */
export function nearestSlots(slots: readonly Slot[], startsAt: string, count = 3): Slot[] {
  const wanted = Date.parse(startsAt)
  const distance = (slot: Slot) => Math.abs(Date.parse(slot.starts_at) - wanted)
  return slots
    .filter((slot) => slot.starts_at !== startsAt)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, count)
    .sort((a, b) => a.starts_at.localeCompare(b.starts_at))
}

/** Replaces what is known of `days` by what the server says now. */
export function withDays(known: readonly Slot[], fresh: readonly Slot[], days: readonly string[], zone: string): Slot[] {
  const replaced = new Set(days)
  const kept = known.filter((slot) => !replaced.has(dayOf(slot.starts_at, zone)))
  const merged = new Map([...kept, ...fresh].map((slot) => [slot.starts_at, slot]))
  return [...merged.values()].sort((a, b) => a.starts_at.localeCompare(b.starts_at))
}

function partOf(minute: number): PartOfDay {
  return parts.find(([, from]) => minute >= from)?.[0] ?? 'morning'
}
