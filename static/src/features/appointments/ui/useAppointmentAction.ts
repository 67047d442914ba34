import { computed, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Appointment, AppointmentAction, Slot } from '@/shared/api/appointmentTypes'
import { actOnAppointment, alternativesOf } from '@/features/appointments/api/appointments'
import { newIdempotencyKey } from '@/shared/api/idempotency'
import { asApiError } from '@/shared/api/problem'
import { useErrorText } from '@/shared/i18n/useErrorText'
import { useToasts } from '@/shared/stores/toasts'

/**
 * Moves one appointment on. `asked` is the action whose dialog is open; what the server refuses stands in `error`, free times
 * after a lost race in `alternatives`. A refused transition means that the screen is old: `onStale`.
 */
export function useAppointmentAction(hooks: { onChanged: (appointment: Appointment) => void; onStale: () => void }) {
  const { t } = useI18n()
  const toasts = useToasts()
  const errorText = useErrorText()
  const asked = ref<AppointmentAction | null>(null)
  const isBusy = ref(false)
  const error = ref('')
  const alternatives = shallowRef<Slot[] | null>(null)
  let key = newIdempotencyKey()
  let keyOf = ''

  function ask(action: AppointmentAction): void {
    error.value = ''
    alternatives.value = null
    asked.value = action
  }

  function close(): void {
    asked.value = null
  }

  async function act(
    appointment: Appointment,
    action: AppointmentAction,
    body: { starts_at?: string; reason?: string } = {},
  ): Promise<void> {
    if (isBusy.value) return
    const text = JSON.stringify([appointment.id, appointment.sequence, action, body])
    if (text !== keyOf) {
      key = newIdempotencyKey()
      keyOf = text
    }
    isBusy.value = true
    error.value = ''
    alternatives.value = null
    try {
      const changed = await actOnAppointment(appointment.id, action, body, key)
      asked.value = null
      toasts.push({ kind: 'message', tone: 'ok', text: t(`appointments.done.${action}`) })
      hooks.onChanged(changed)
    } catch (thrown) {
      const problem = asApiError(thrown)
      if (!problem.isOffline) keyOf = ''
      if (problem.code === 'appointments.slot_taken') alternatives.value = alternativesOf(problem)
      else if (asked.value === null) toasts.push({ kind: 'message', tone: 'danger', text: errorText.ofError(problem) })
      else
        error.value = problem.fields[0] ? errorText.ofField(problem.fields[0].code, problem.fields[0].message) : errorText.ofError(problem)
      if (problem.code === 'appointments.illegal_transition' || problem.status === 404) hooks.onStale()
    } finally {
      isBusy.value = false
    }
  }

  return { asked: computed(() => asked.value), isBusy, error, alternatives, ask, close, act }
}
