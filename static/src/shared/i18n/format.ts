import type { Locale } from '.'

const tags: Record<Locale, string> = { id: 'id-ID', en: 'en-GB' }

const zoneLabels: Record<string, string> = {
  'Asia/Jakarta': 'WIB',
  'Asia/Pontianak': 'WIB',
  'Asia/Makassar': 'WITA',
  'Asia/Ujung_Pandang': 'WITA',
  'Asia/Jayapura': 'WIT',
}

/** The name people use for the zone: WIB, WITA, WIT; elsewhere what Intl knows. */
export function zoneLabel(zone: string, locale: Locale): string {
  const known = zoneLabels[zone]
  if (known) return known
  const parts = new Intl.DateTimeFormat(tags[locale], { timeZone: zone, timeZoneName: 'short' }).formatToParts(new Date(0))
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? zone
}

/** "21 Nov 2026, 14.05 WIB" */
export function formatDateTime(at: string | Date, zone: string, locale: Locale): string {
  const text = new Intl.DateTimeFormat(tags[locale], {
    timeZone: zone,
    dateStyle: 'medium',
    timeStyle: 'short',
  }).format(new Date(at))
  return `${text} ${zoneLabel(zone, locale)}`
}

/** "14.05 WIB" */
export function formatTime(at: string | Date, zone: string, locale: Locale): string {
  const text = new Intl.DateTimeFormat(tags[locale], { timeZone: zone, timeStyle: 'short' }).format(new Date(at))
  return `${text} ${zoneLabel(zone, locale)}`
}

/** "14:05:09.123", for lists in which milliseconds count */
export function formatClock(at: string, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  }).format(new Date(at))
}

/** "21 November 2026" */
export function formatDate(at: string | Date, zone: string, locale: Locale): string {
  return new Intl.DateTimeFormat(tags[locale], { timeZone: zone, dateStyle: 'long' }).format(new Date(at))
}

/** "21 Nov" for a calendar day `YYYY-MM-DD` that already is in the school's zone. */
export function formatDay(day: string, locale: Locale): string {
  return new Intl.DateTimeFormat(tags[locale], { timeZone: 'UTC', day: 'numeric', month: 'short' }).format(new Date(`${day}T00:00:00Z`))
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['minute', 60],
  ['hour', 3_600],
  ['day', 86_400],
]
const relativeLimitSeconds = 7 * 86_400

const justNow: Record<Locale, string> = { id: 'baru saja', en: 'just now' }

/** "5 menit yang lalu", "baru saja"; after a week the date. */
export function formatAgo(at: string, zone: string, locale: Locale, now = Date.now()): string {
  const seconds = Math.round((Date.parse(at) - now) / 1000)
  if (Math.abs(seconds) >= relativeLimitSeconds) return formatDate(at, zone, locale)
  const format = new Intl.RelativeTimeFormat(tags[locale], { numeric: 'auto' })
  const [unit, size] = steps.filter(([, size]) => Math.abs(seconds) >= size).at(-1) ?? ['second' as const, 1]
  return unit === 'second' ? justNow[locale] : format.format(Math.trunc(seconds / size), unit)
}

/** "1,2 MB" */
export function formatSize(sizeBytes: number, locale: Locale): string {
  const isMega = sizeBytes >= 1_000_000
  const number = new Intl.NumberFormat(tags[locale], { maximumFractionDigits: isMega ? 1 : 0 })
  return isMega ? `${number.format(sizeBytes / 1_000_000)} MB` : `${number.format(Math.max(1, sizeBytes / 1000))} KB`
}

/** "12.345" */
export function formatNumber(value: number, locale: Locale): string {
  return new Intl.NumberFormat(tags[locale]).format(value)
}

/** "42 %" of a fraction 0..1. */
export function formatPercent(fraction: number, locale: Locale): string {
  return new Intl.NumberFormat(tags[locale], { style: 'percent', maximumFractionDigits: 0 }).format(fraction)
}

/** "45 detik", "3 menit" */
export function formatDuration(seconds: number, locale: Locale): string {
  const isMinutes = seconds >= 60
  return new Intl.NumberFormat(tags[locale], {
    style: 'unit',
    unit: isMinutes ? 'minute' : 'second',
    unitDisplay: 'long',
  }).format(isMinutes ? Math.floor(seconds / 60) : seconds)
}
