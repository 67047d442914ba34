import { computed, ref, watch } from 'vue'
import type { Appointment } from '@/shared/api/appointmentTypes'
import { fetchAppointments } from '@/features/appointments/api/appointments'
import { addDays, dayOf, instantOf, weekStartOf } from '@/shared/calendar/days'
import { useLiveRefresh } from '@/shared/realtime/useLiveRefresh'
import { useResource } from '@/shared/composables/useResource'
import { useSchool } from '@/shared/stores/school'

const pageLimit = 100
const maxPages = 5

/** The counsellor's appointments of one week, and those that wait for an answer, whenever they are. */
export function useWeek() {
  const school = useSchool()
  const start = ref(weekStartOf(dayOf(Date.now(), school.zone)))

  const week = useResource((signal) =>
    everyPage((after) =>
      fetchAppointments(
        {
          from: instantOf(start.value, 0, school.zone).toISOString(),
          to: instantOf(addDays(start.value, 7), 0, school.zone).toISOString(),
          limit: pageLimit,
          after,
        },
        signal,
      ),
    ),
  )
  const upcoming = useResource((signal) => fetchAppointments({ scope: 'upcoming', limit: pageLimit }, signal))

  const items = computed(() => [...(week.data.value ?? [])].sort((a, b) => a.starts_at.localeCompare(b.starts_at)))
  const pending = computed(() => (upcoming.data.value?.items ?? []).filter(({ actions }) => actions.includes('confirm')))

  function reload(): void {
    void week.load()
    void upcoming.load()
  }

  /** Shows what the server answered to an action, before the lists come again. */
  function replace(changed: Appointment): void {
    const swap = (list: Appointment[]) => list.map((item) => (item.id === changed.id ? changed : item))
    week.data.value = week.data.value && swap(week.data.value)
    upcoming.data.value = upcoming.data.value && { ...upcoming.data.value, items: swap(upcoming.data.value.items) }
    reload()
  }

  function go(weeks: number): void {
    start.value = addDays(start.value, weeks * 7)
  }

  function goToday(): void {
    start.value = weekStartOf(dayOf(Date.now(), school.zone))
  }

  watch([start, () => school.zone], () => {
    week.data.value = null
    void week.load()
  })
  useLiveRefresh(['appointment.changed'], reload)
  reload()

  return { start, items, pending, isLoaded: computed(() => week.data.value !== null), error: week.error, reload, replace, go, goToday }
}

async function everyPage(
  fetchPage: (after: string | null) => Promise<{ items: Appointment[]; next: string | null }>,
): Promise<Appointment[]> {
  const items: Appointment[] = []
  let after: string | null = null
  for (let page = 0; page < maxPages; page += 1) {
    const answer = await fetchPage(after)
    items.push(...answer.items)
    after = answer.next
    if (!after) break
  }
  return items
}
