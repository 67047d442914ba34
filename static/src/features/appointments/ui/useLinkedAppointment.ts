import { watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { Appointment } from '@/shared/api/appointmentTypes'
import { fetchAppointment } from '@/features/appointments/api/appointments'
import { asApiError } from '@/shared/api/problem'
import { useErrorText } from '@/shared/i18n/useErrorText'
import { useToasts } from '@/shared/stores/toasts'

/** Follows `?id=` of a notice: hands the appointment over once, and cleans the address. */
export function useLinkedAppointment(show: (appointment: Appointment) => void): void {
  const route = useRoute()
  const router = useRouter()
  const toasts = useToasts()
  const errorText = useErrorText()

  watch(
    () => route.query['id'],
    async (id) => {
      if (typeof id !== 'string' || id === '') return
      try {
        show(await fetchAppointment(id))
      } catch (thrown) {
        toasts.push({ kind: 'message', tone: 'danger', text: errorText.ofError(asApiError(thrown)) })
      }
      await router.replace({ path: route.path })
    },
    { immediate: true },
  )
}
