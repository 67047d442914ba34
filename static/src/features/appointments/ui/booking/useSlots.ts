import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { Slot } from '@/shared/api/appointmentTypes'
import { fetchSlots } from '@/features/appointments/api/appointments'
import { asApiError, type ApiError } from '@/shared/api/problem'
import { addDays, dayOf, daysFrom } from '@/shared/calendar/days'
import { slotsByDay, withDays } from '@/features/appointments/model/slots'
import { useChannel } from '@/shared/realtime/useChannel'
import { slotsChannel } from '@/shared/realtime/deskEvents'
import { onRealtime } from '@/shared/realtime/events'
import { coalesce } from '@/shared/realtime/jitter'
import { useSchool } from '@/shared/stores/school'

/** Days asked for at once, and the furthest ahead a page may look. */
const windowDays = 28
const furthestDays = 120
/** Whoever looks at the same counsellor hears of the same booking: their questions are spread over this time. */
const spreadMs = 600

/** The free times of one counsellor, kept right while others book. */
export function useSlots(counsellorId: Readonly<Ref<string | null>>) {
  const school = useSchool()
  const slots = shallowRef<Slot[]>([])
  const isLoading = ref(false)
  const error = shallowRef<ApiError | null>(null)
  /** The first day that has not been asked for yet. */
  const loadedUntil = ref('')
  const firstDay = ref(dayOf(Date.now(), school.zone))
  const byDay = computed(() => slotsByDay(slots.value, school.zone))
  let running: AbortController | null = null
  let wantedDay = ''
  const changedDays = new Set<string>()

  async function ask(from: string, to: string): Promise<void> {
    const id = counsellorId.value
    if (!id) return
    const mine = (running ??= new AbortController())
    try {
      const answer = await fetchSlots(id, { from, to }, mine.signal)
      if (mine.signal.aborted) return
      school.zone = answer.zone
      const days = daysFrom(from, windowDays * 3).filter((day) => day <= to)
      slots.value = withDays(slots.value, answer.slots, days, answer.zone)
      error.value = null
    } catch (thrown) {
      if (!mine.signal.aborted) error.value = asApiError(thrown)
    }
  }

  /** Starts over: another counsellor, or the connection was away. */
  async function reload(): Promise<void> {
    running?.abort()
    isLoading.value = true
    firstDay.value = dayOf(Date.now(), school.zone)
    const mine = (running = new AbortController())
    const until = loadedUntil.value > firstDay.value ? loadedUntil.value : addDays(firstDay.value, windowDays)
    loadedUntil.value = ''
    let from = firstDay.value
    for (; from < until; from = addDays(from, windowDays)) await ask(from, addDays(from, windowDays - 1))
    if (mine.signal.aborted) return
    loadedUntil.value = from
    isLoading.value = false
    if (wantedDay) await reach(wantedDay)
  }

  /** Makes sure that `day` has been asked for. */
  async function reach(day: string): Promise<void> {
    wantedDay = day > wantedDay ? day : wantedDay
    const limit = addDays(firstDay.value, furthestDays)
    while (!error.value && loadedUntil.value && loadedUntil.value <= day && loadedUntil.value < limit) {
      const from = loadedUntil.value
      isLoading.value = true
      loadedUntil.value = addDays(from, windowDays)
      await ask(from, addDays(from, windowDays - 1))
      isLoading.value = false
    }
  }

  const refreshChanged = coalesce(
    () => {
      const days = [...changedDays].filter((day) => day >= firstDay.value && day < loadedUntil.value).sort()
      changedDays.clear()
      const [first, last] = [days[0], days.at(-1)]
      if (first && last) void ask(first, last)
    },
    60,
    () => spreadMs,
  )

  watch(
    counsellorId,
    (id) => {
      slots.value = []
      loadedUntil.value = wantedDay = ''
      error.value = null
      changedDays.clear()
      if (id) void reload()
    },
    { immediate: true },
  )
  useChannel(computed(() => (counsellorId.value ? slotsChannel(counsellorId.value) : null)))
  const stops = [
    onRealtime('slots.changed', ({ counsellor_id, dates }) => {
      if (counsellor_id !== counsellorId.value) return
      for (const day of dates) changedDays.add(day)
      refreshChanged.request()
    }),
    onRealtime('lists.stale', () => void reload()),
  ]
  onScopeDispose(() => {
    running?.abort()
    refreshChanged.cancel()
    for (const stop of stops) stop()
  })

  return { slots, byDay, isLoading, error, firstDay, reload, reach, furthestDays }
}
