import { ref, shallowRef } from 'vue'
import type { Appointment, NewAppointment, Slot } from '@/shared/api/appointmentTypes'
import { alternativesOf, bookAppointment } from '@/features/appointments/api/appointments'
import { newIdempotencyKey } from '@/shared/api/idempotency'
import { asApiError } from '@/shared/api/problem'
import { useForm } from '@/shared/composables/useForm'

/** How often a repeat asks again while the server is still busy with the first try. */
const busyTries = 4
const busyPauseMs = 800

/**
 * Books one appointment. The same wish keeps its key until there was an answer, so a lost answer never books twice; a lost race
 * leaves the alternatives in `lost`.
 */
export function useBooking() {
  const form = useForm()
  const booked = shallowRef<Appointment | null>(null)
  const lost = shallowRef<{ alternatives: Slot[] } | null>(null)
  /** No answer arrived: nobody knows whether it is booked. */
  const isUnsure = ref(false)
  let key = newIdempotencyKey()
  let keyOf = ''

  async function book(wish: NewAppointment): Promise<void> {
    const text = JSON.stringify(wish)
    if (text !== keyOf) {
      key = newIdempotencyKey()
      keyOf = text
    }
    lost.value = null
    isUnsure.value = false
    await form.submit(async () => {
      try {
        booked.value = await patiently(() => bookAppointment(wish, key))
      } catch (thrown) {
        const error = asApiError(thrown)
        isUnsure.value = error.isOffline || error.status >= 500
        // A refusal is an answer: the next try is another request.
        if (!isUnsure.value) keyOf = ''
        if (error.code !== 'appointments.slot_taken') throw error
        lost.value = { alternatives: alternativesOf(error) }
      }
    })
  }

  function startOver(): void {
    booked.value = null
    lost.value = null
    isUnsure.value = false
    keyOf = ''
    form.clear()
  }

  return { form, booked, lost, isUnsure, book, startOver }
}

/** 409 `conflict` means that the first try of the same request is still at work. */
async function patiently<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action()
    } catch (thrown) {
      if (asApiError(thrown).code !== 'conflict' || attempt >= busyTries) throw thrown
      await new Promise((resolve) => setTimeout(resolve, busyPauseMs))
    }
  }
}
