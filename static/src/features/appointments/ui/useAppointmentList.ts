import { watch, type Ref } from 'vue'
import type { Appointment } from '@/shared/api/appointmentTypes'
import { fetchAppointments } from '@/features/appointments/api/appointments'
import { useKeysetList } from '@/shared/composables/useKeysetList'
import { useLiveRefresh } from '@/shared/realtime/useLiveRefresh'

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
