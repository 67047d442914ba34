/**
 * Calendar arithmetic on days `YYYY-MM-DD` and minutes of the day, both of a school's zone. Days are counted in UTC, where every
 * day has 24 hours; only `dayOf`, `minuteOf` and `instantOf` know the zone.
 */
const dayMs = 86_400_000
const partsFormats = new Map<string, Intl.DateTimeFormat>()

/** `HH:MM` as minutes; `24:00` is 1440. NaN for anything else. */
export function minutesOf(time: string): number {
  const match = /^(\d\d):(\d\d)$/.exec(time)
  if (!match) return NaN
  const minutes = Number(match[1]) * 60 + Number(match[2])
  return Number(match[2]) < 60 && minutes <= 1440 ? minutes : NaN
}

/** What people type for a time, as `HH:MM`: "8", "830", "8.30", "08:30"; null when it is none. */
export function readTime(text: string): string | null {
  const match = /^(\d{1,2})(?:[:. ]?(\d\d))?$/.exec(text.trim())
  if (!match) return null
  const time = `${(match[1] ?? '').padStart(2, '0')}:${match[2] ?? '00'}`
  return Number.isNaN(minutesOf(time)) ? null : time
}

/** Minutes as `HH:MM`. */
export function timeOf(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** The school's day an instant lies in. */
export function dayOf(at: string | Date | number, zone: string): string {
  const { year, month, day } = partsOf(at, zone)
  return `${String(year).padStart(4, '0')}-${pad(month)}-${pad(day)}`
}

/** Minutes since midnight, by the school's clock. */
export function minuteOf(at: string | Date | number, zone: string): number {
  const { hour, minute } = partsOf(at, zone)
  return hour * 60 + minute
}

/** The instant at which the school's clock shows this; a time that a clock change skips becomes the one after it. */
export function instantOf(day: string, minute: number, zone: string): Date {
  const wall = Date.parse(`${day}T00:00:00Z`) + minute * 60_000
  const first = wall - offsetMs(wall, zone)
  const second = wall - offsetMs(first, zone)
  // In a skipped hour the two guesses swap for ever: the later one is the time after the change.
  return new Date(second + offsetMs(second, zone) === wall ? second : Math.max(first, second))
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * dayMs).toISOString().slice(0, 10)
}

/** Days from `from` to `to`; negative when `to` is earlier. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / dayMs)
}

/** 1 is Monday, 7 is Sunday. */
export function weekdayOf(day: string): number {
  return ((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7) + 1
}

/** The Monday of the week. */
export function weekStartOf(day: string): string {
  return addDays(day, 1 - weekdayOf(day))
}

/** `count` days from `start` on. */
export function daysFrom(start: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => addDays(start, index))
}

/** The same day of another month, or its last one when that is shorter. */
export function addMonths(day: string, count: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  const last = new Date(Date.UTC(year, month + count, 0)).getUTCDate()
  return new Date(Date.UTC(year, month - 1 + count, Math.min(date, last))).toISOString().slice(0, 10)
}

function offsetMs(at: number, zone: string): number {
  const { year, month, day, hour, minute, second } = partsOf(at, zone)
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000
}

function partsOf(at: string | Date | number, zone: string) {
  let format = partsFormats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    partsFormats.set(zone, format)
  }
  const parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
  for (const { type, value } of format.formatToParts(new Date(at))) {
    if (type in parts) parts[type as keyof typeof parts] = Number(value)
  }
  return parts
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
