import { onScopeDispose, ref } from 'vue'
import { newIdempotencyKey } from '@/api/idempotency'
import { asApiError, type ApiError } from '@/api/problem'
import type { MaterialDetail } from '@/api/types'
import { uploadMaterial, type MaterialDraft } from '@/api/upload'

export type UploadPhase = 'idle' | 'sending' | 'processing' | 'done' | 'cancelled' | 'failed'

/** One upload with its progress. A repeat of the same draft after a lost answer reuses its key: no double material. */
export function useUpload() {
  const phase = ref<UploadPhase>('idle')
  const fraction = ref(0)
  const error = ref<ApiError | null>(null)
  const created = ref<MaterialDetail | null>(null)
  let running: AbortController | null = null
  let key = newIdempotencyKey()

  async function start(draft: MaterialDraft): Promise<void> {
    running = new AbortController()
    phase.value = 'sending'
    fraction.value = 0
    error.value = null
    try {
      created.value = await uploadMaterial(draft, {
        idempotencyKey: key,
        signal: running.signal,
        onProgress(sent) {
          fraction.value = sent
          if (sent >= 1) phase.value = 'processing'
        },
      })
      phase.value = 'done'
      renewKey()
    } catch (thrown) {
      const problem = asApiError(thrown)
      // Changed by `onProgress`, which the compiler does not see.
      const wasSent = (phase.value as UploadPhase) === 'processing'
      error.value = problem
      phase.value = problem.code === 'client.aborted' ? 'cancelled' : 'failed'
      // A refusal is an answer. When none came, or nobody waited for it, the material may be there: the same request asks for it.
      if (!isUnanswered(problem, wasSent)) renewKey()
    }
  }

  /** Stops the bytes that are still leaving. */
  function cancel(): void {
    running?.abort()
  }

  function reset(): void {
    phase.value = 'idle'
    created.value = null
    error.value = null
    renewKey()
  }

  /** A changed draft is another request. */
  function renewKey(): void {
    key = newIdempotencyKey()
  }

  onScopeDispose(cancel)
  return { phase, fraction, error, created, start, cancel, reset, renewKey }
}

/** May the server have stored it although its word did not arrive? `conflict`: it is still at work on the same request. */
function isUnanswered(problem: ApiError, wasSent: boolean): boolean {
  if (problem.code === 'client.aborted') return wasSent
  return problem.isOffline || problem.code === 'client.unreadable' || problem.code === 'conflict'
}
