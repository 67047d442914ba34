import { storeToRefs } from 'pinia'
import { useI18n } from 'vue-i18n'
import { addDays, dayOf, timeOf } from '@/shared/calendar/days'
import * as format from './calendarFormat'
import { zoneLabel } from './format'
import { usePreferences } from '@/shared/stores/preferences'
import { useSchool } from '@/shared/stores/school'

/** Days and times as people say them, in the chosen language and the school's zone; reactive in templates. */
export function useCalendarFormat() {
  const { t } = useI18n()
  const { locale } = storeToRefs(usePreferences())
  const { zone } = storeToRefs(useSchool())

  const clock = (at: string | Date) => format.formatClock(at, zone.value, locale.value)
  const shortDay = (day: string) => format.formatShortDay(day, locale.value)

  /** "Hari ini", "Besok" or "Sen, 23 Nov". */
  function nearDay(day: string, now: number | Date = Date.now()): string {
    const today = dayOf(now, zone.value)
    if (day === today) return t('appointments.today')
    return day === addDays(today, 1) ? t('appointments.tomorrow') : shortDay(day)
  }

  return {
    clock,
    shortDay,
    nearDay,
    /** "08.00" of minutes since midnight, written as the language writes times. */
    time: (minutes: number) => (locale.value === 'id' ? timeOf(minutes).replace(':', '.') : timeOf(minutes)),
    range: (from: string, to: string) => format.formatClockRange(from, to, zone.value, locale.value),
    /** "Sen, 23 Nov · 08.00" */
    when: (at: string) => `${shortDay(dayOf(at, zone.value))} · ${clock(at)}`,
    longDay: (day: string) => format.formatLongDay(day, locale.value),
    weekday: (day: string) => format.formatWeekday(day, locale.value),
    weekdayShort: (day: string) => format.formatWeekdayShort(day, locale.value),
    dayNumber: (day: string) => format.formatDayNumber(day, locale.value),
    month: (day: string) => format.formatMonth(day, locale.value),
    monthShort: (day: string) => format.formatMonthShort(day, locale.value),
    /** "23–29 Nov", with the year when it is not this one. */
    dayRange: (from: string, to: string) =>
      format.formatDayRange(from, to, locale.value, from.slice(0, 4) !== dayOf(Date.now(), zone.value).slice(0, 4)),
    dayOf: (at: string | Date | number) => dayOf(at, zone.value),
    zoneName: () => zoneLabel(zone.value, locale.value),
  }
}
