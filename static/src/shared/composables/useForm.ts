import { computed, ref } from 'vue'
import { asApiError, type ApiError } from '@/shared/api/problem'
import { useCountdown } from './useCountdown'
import { useErrorText } from '@/shared/i18n/useErrorText'

/** Codes without `errors[]` that belong to one field of a form all the same. */
const fieldOfCode: Record<string, string> = {
  'users.login_taken': 'login',
  'materials.file_too_large': 'file',
  'materials.file_type': 'file',
  'materials.file_encrypted': 'file',
  'materials.file_unsafe': 'file',
  'materials.file_unreadable': 'file',
}

/** The error side of a form: per-field messages, one general message, a wait after a 429. */
export function useForm() {
  const text = useErrorText()
  const countdown = useCountdown()
  const isBusy = ref(false)
  const fieldErrors = ref<Record<string, string>>({})
  /** What belongs to no field; correcting a field must not bring its error back as this one. */
  const unplacedError = ref<ApiError | null>(null)
  const generalError = computed(() => (unplacedError.value ? text.ofError(unplacedError.value) : ''))

  /** Shows `error` at its fields, or as the general message. */
  function fail(thrown: unknown): void {
    const problem = asApiError(thrown)
    const own = fieldOfCode[problem.code]
    fieldErrors.value = own ? { [own]: text.ofError(problem) } : {}
    for (const field of problem.fields) {
      fieldErrors.value[field.field] = text.ofField(field.code, field.message)
    }
    unplacedError.value = Object.keys(fieldErrors.value).length > 0 ? null : problem
    if (problem.status === 429) countdown.start(problem.retryAfterSeconds ?? 5)
  }

  function clear(): void {
    unplacedError.value = null
    fieldErrors.value = {}
  }

  /** Runs `action` unless one is running; returns its value, or null after showing what went wrong. */
  async function submit<T>(action: () => Promise<T>): Promise<T | null> {
    if (isBusy.value || countdown.seconds.value > 0) return null
    clear()
    isBusy.value = true
    try {
      return await action()
    } catch (thrown) {
      fail(thrown)
      return null
    } finally {
      isBusy.value = false
    }
  }

  return { isBusy, fieldErrors, generalError, waitSeconds: countdown.seconds, fail, clear, submit }
}
