import { storeToRefs } from 'pinia'
import * as format from './format'
import { usePreferences } from '@/shared/stores/preferences'
import { useSchool } from '@/shared/stores/school'

/** The formatters bound to the chosen language and the school's zone; reactive when used in a template. */
export function useFormat() {
  const { locale } = storeToRefs(usePreferences())
  const { zone } = storeToRefs(useSchool())
  return {
    ago: (at: string) => format.formatAgo(at, zone.value, locale.value),
    dateTime: (at: string) => format.formatDateTime(at, zone.value, locale.value),
    date: (at: string) => format.formatDate(at, zone.value, locale.value),
    time: (at: string | Date) => format.formatTime(at, zone.value, locale.value),
    clock: (at: string) => format.formatClock(at, zone.value),
    day: (day: string) => format.formatDay(day, locale.value),
    size: (sizeBytes: number) => format.formatSize(sizeBytes, locale.value),
    number: (value: number) => format.formatNumber(value, locale.value),
    duration: (seconds: number) => format.formatDuration(seconds, locale.value),
    percent: (fraction: number) => format.formatPercent(fraction, locale.value),
  }
}
