import type { AvailabilityException, AvailabilityRules, WeeklyRule } from '@/shared/api/appointmentTypes'
import { minutesOf, timeOf, weekdayOf } from '@/shared/calendar/days'

/** A stretch of a day in minutes since midnight. */
export interface Range {
  fromMinute: number
  toMinute: number
}

export type RangeProblem = 'time' | 'order' | 'overlap'

const gridMinutes = 5

/** When the counsellor is open on `day`: the weekly rules, plus extra hours, minus what is closed. */
export function openRanges(rules: Pick<AvailabilityRules, 'weekly' | 'exceptions'>, day: string): Range[] {
  const ofDay = rules.exceptions.filter(({ date }) => date === day)
  const weekday = weekdayOf(day)
  const open = [...rules.weekly.filter((rule) => rule.weekday === weekday), ...ofDay.filter(({ kind }) => kind === 'extra')].flatMap(
    rangeOf,
  )
  const closed = ofDay.filter(({ kind }) => kind === 'closed').map((exception) => closedRange(exception))
  return closed.reduce((rest, hole) => rest.flatMap((range) => subtract(range, hole)), merge(open))
}

/** The times a day offers when nothing is booked: slots with their buffers, one after the other. */
export function exampleSlots(rules: AvailabilityRules, ranges: readonly Range[]): string[] {
  const step = rules.slot_minutes + rules.buffer_before_minutes + rules.buffer_after_minutes
  if (!(step > 0)) return []
  const times: string[] = []
  for (const { fromMinute, toMinute } of ranges) {
    for (let at = fromMinute; at + rules.slot_minutes <= toMinute; at += step) times.push(timeOf(at))
  }
  return rules.daily_cap === null ? times : times.slice(0, rules.daily_cap)
}

/** Minutes open in an ordinary week. */
export function weeklyMinutes(weekly: readonly WeeklyRule[]): number {
  return daysOfWeek
    .flatMap((weekday) => merge(weekly.filter((rule) => rule.weekday === weekday).flatMap(rangeOf)))
    .reduce((sum, { fromMinute, toMinute }) => sum + toMinute - fromMinute, 0)
}

export const daysOfWeek = [1, 2, 3, 4, 5, 6, 7] as const

/** What is wrong with each rule of the week, by its index; nothing for rules that are fine. */
export function weeklyProblems(weekly: readonly WeeklyRule[]): Map<number, RangeProblem> {
  const problems = new Map<number, RangeProblem>()
  weekly.forEach((rule, index) => {
    const problem = timesProblem(rule.from, rule.to)
    if (problem) problems.set(index, problem)
  })
  weekly.forEach((rule, index) => {
    if (problems.has(index)) return
    const clash = weekly.some(
      (other, otherIndex) =>
        otherIndex < index &&
        !problems.has(otherIndex) &&
        other.weekday === rule.weekday &&
        minutesOf(other.from) < minutesOf(rule.to) &&
        minutesOf(rule.from) < minutesOf(other.to),
    )
    if (clash) problems.set(index, 'overlap')
  })
  return problems
}

/** What is wrong with a pair of times: unreadable or off the grid of 5 minutes, or the wrong way round. */
export function timesProblem(from: string, to: string): RangeProblem | null {
  const fromMinute = minutesOf(from)
  const toMinute = minutesOf(to)
  if (Number.isNaN(fromMinute) || Number.isNaN(toMinute) || fromMinute % gridMinutes !== 0 || toMinute % gridMinutes !== 0) return 'time'
  return fromMinute < toMinute ? null : 'order'
}

/** A first or further range for a weekday: after the last one, or the usual school morning. */
export function nextRange(weekly: readonly WeeklyRule[], weekday: number): WeeklyRule {
  const ends = weekly
    .filter((rule) => rule.weekday === weekday)
    .map(({ to }) => minutesOf(to))
    .filter((to) => !Number.isNaN(to))
  if (ends.length === 0) return { weekday, from: '08:00', to: '12:00' }
  const from = Math.min(23 * 60, Math.max(...ends) + 60)
  return { weekday, from: timeOf(from), to: timeOf(Math.min(1440, from + 120)) }
}

/** Puts the hours of one weekday onto others. */
export function copyDay(weekly: readonly WeeklyRule[], source: number, targets: readonly number[]): WeeklyRule[] {
  const hours = weekly.filter(({ weekday }) => weekday === source)
  const kept = weekly.filter(({ weekday }) => weekday === source || !targets.includes(weekday))
  const copies = targets.filter((weekday) => weekday !== source).flatMap((weekday) => hours.map((rule) => ({ ...rule, weekday })))
  return sortWeekly([...kept, ...copies])
}

export function sortWeekly(weekly: readonly WeeklyRule[]): WeeklyRule[] {
  return [...weekly].sort((a, b) => a.weekday - b.weekday || a.from.localeCompare(b.from))
}

function rangeOf(times: { from?: string | null; to?: string | null }): Range[] {
  const fromMinute = minutesOf(times.from ?? '')
  const toMinute = minutesOf(times.to ?? '')
  return fromMinute < toMinute ? [{ fromMinute, toMinute }] : []
}

/** A closed exception without times closes the day. */
function closedRange(exception: AvailabilityException): Range {
  return rangeOf(exception)[0] ?? { fromMinute: 0, toMinute: 1440 }
}

function merge(ranges: readonly Range[]): Range[] {
  const merged: Range[] = []
  for (const range of [...ranges].sort((a, b) => a.fromMinute - b.fromMinute)) {
    const last = merged.at(-1)
    if (last && range.fromMinute <= last.toMinute) last.toMinute = Math.max(last.toMinute, range.toMinute)
    else merged.push({ ...range })
  }
  return merged
}

function subtract(range: Range, hole: Range): Range[] {
  const before = { fromMinute: range.fromMinute, toMinute: Math.min(range.toMinute, hole.fromMinute) }
  const after = { fromMinute: Math.max(range.fromMinute, hole.toMinute), toMinute: range.toMinute }
  return [before, after].filter(({ fromMinute, toMinute }) => fromMinute < toMinute)
}
