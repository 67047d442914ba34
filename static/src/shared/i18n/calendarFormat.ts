import { zoneLabel } from './format'
import type { Locale } from '.'

const tags: Record<Locale, string> = { id: 'id-ID', en: 'en-GB' }
const cache = new Map<string, Intl.DateTimeFormat>()

function formatOf(locale: Locale, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${zone} ${JSON.stringify(options)}`
  let format = cache.get(key)
  if (!format) cache.set(key, (format = new Intl.DateTimeFormat(tags[locale], { timeZone: zone, ...options })))
  return format
}

/** A calendar day is the same everywhere: it is formatted as noon in UTC. */
const noonOf = (day: string) => new Date(`${day}T12:00:00Z`)
const ofDay = (options: Intl.DateTimeFormatOptions) => (day: string, locale: Locale) => formatOf(locale, 'UTC', options).format(noonOf(day))

/** "Senin, 23 November 2026" */
export const formatLongDay = ofDay({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
/** "Sen, 23 Nov" */
export const formatShortDay = ofDay({ weekday: 'short', day: 'numeric', month: 'short' })
/** "Senin" */
export const formatWeekday = ofDay({ weekday: 'long' })
/** "Sen" */
export const formatWeekdayShort = ofDay({ weekday: 'short' })
/** "23" */
export const formatDayNumber = ofDay({ day: 'numeric' })
/** "November 2026" */
export const formatMonth = ofDay({ month: 'long', year: 'numeric' })
/** "Nov" */
export const formatMonthShort = ofDay({ month: 'short' })

/** "23–29 Nov" or "23–29 Nov 2026" */
export function formatDayRange(from: string, to: string, locale: Locale, hasYear = true): string {
  return formatOf(locale, 'UTC', { day: 'numeric', month: 'short', ...(hasYear && { year: 'numeric' }) }).formatRange(
    noonOf(from),
    noonOf(to),
  )
}

/** "08.00", 24 hours, in the school's zone. */
export function formatClock(at: string | Date, zone: string, locale: Locale): string {
  return formatOf(locale, zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at))
}

/** "08.00–08.45 WIB" */
export function formatClockRange(from: string, to: string, zone: string, locale: Locale): string {
  return `${formatClock(from, zone, locale)}–${formatClock(to, zone, locale)} ${zoneLabel(zone, locale)}`
}
