import { watch, type Ref } from 'vue'
import type { Appointment } from '@/api/appointmentTypes'
import { fetchAppointments } from '@/api/appointments'
import { useKeysetList } from '@/composables/useKeysetList'
import { useLiveRefresh } from '@/composables/useLiveRefresh'

/** The user's appointments, upcoming or past, kept up to date. */
export function useAppointmentList(scope: Readonly<Ref<'upcoming' | 'past'>>) {
  const list = useKeysetList<Appointment>((after, signal) => fetchAppointments({ scope: scope.value, after }, signal))
  watch(
    scope,
    () => {
      list.clear()
      void list.reload()
    },
    { immediate: true },
  )
  useLiveRefresh(['appointment.changed'], () => void list.reload())
  return list
}
