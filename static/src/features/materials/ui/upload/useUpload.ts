import { onScopeDispose, ref } from 'vue'
import { newIdempotencyKey } from '@/shared/api/idempotency'
import { deleteMaterial } from '@/features/materials/api/materials'
import { asApiError, type ApiError } from '@/shared/api/problem'
import type { MaterialDetail } from '@/shared/api/types'
import { askOutcome, uploadMaterial, type MaterialDraft } from '@/features/materials/api/upload'

/**
 * `cancelling`: the server is asked what became of it. `cancelled`: nothing is stored. `late`: it was stored before. `unknown`: no answer, it
 * may be asked again. `deleting` and `deleted`: what came too late is taken away.
 */
export type UploadPhase =
  'idle' | 'sending' | 'processing' | 'cancelling' | 'cancelled' | 'late' | 'unknown' | 'deleting' | 'deleted' | 'done' | 'failed'

/** How long to wait before each question whether an upload was stored, in ms: the server may still be at work on it. */
const askAfterMs = [0, 250, 500, 1_000, 2_000, 4_000]

/** One upload with its progress. A repeat of the same draft after a lost answer reuses its key: no double material. */
export function useUpload() {
  const phase = ref<UploadPhase>('idle')
  const fraction = ref(0)
  const error = ref<ApiError | null>(null)
  const created = ref<MaterialDetail | null>(null)
  let running: AbortController | null = null
  let key = newIdempotencyKey()
  const leaving = new AbortController()

  async function start(draft: MaterialDraft): Promise<void> {
    running = new AbortController()
    phase.value = 'sending'
    fraction.value = 0
    error.value = null
    created.value = null
    try {
      created.value = await uploadMaterial(draft, {
        idempotencyKey: key,
        signal: running.signal,
        onProgress(sent) {
          fraction.value = sent
          if (sent >= 1 && phase.value === 'sending') phase.value = 'processing'
        },
      })
      phase.value = 'done'
      renewKey()
    } catch (thrown) {
      const problem = asApiError(thrown)
      // A refusal is an answer. When none came, or nobody waited for it, the material may be there: the same key asks for it.
      if (running.signal.aborted && isUnanswered(problem)) return settle()
      error.value = problem
      phase.value = 'failed'
      if (!isUnanswered(problem)) renewKey()
    }
  }

  /** Stops the bytes that are still leaving. How far they came only the server knows. */
  function cancel(): void {
    if (phase.value !== 'sending' && phase.value !== 'processing') return
    phase.value = 'cancelling'
    running?.abort()
  }

  /** Asks what became of an upload nobody waited for, until that is settled or the patience is over. */
  async function settle(): Promise<void> {
    phase.value = 'cancelling'
    error.value = null
    for (const waitMs of askAfterMs) {
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      if (leaving.signal.aborted) return
      try {
        created.value = await askOutcome(key, leaving.signal)
        phase.value = created.value ? 'late' : 'cancelled'
        renewKey()
        return
      } catch (thrown) {
        if (!isWorthAsking(asApiError(thrown))) break
      }
    }
    phase.value = 'unknown'
  }

  /** Takes away what was stored although it was cancelled. */
  async function undo(): Promise<void> {
    if (!created.value || phase.value === 'deleting') return
    phase.value = 'deleting'
    error.value = null
    try {
      await deleteMaterial(created.value.id)
    } catch (thrown) {
      const problem = asApiError(thrown)
      if (problem.status !== 404) {
        error.value = problem
        phase.value = 'late'
        return
      }
    }
    created.value = null
    phase.value = 'deleted'
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

  onScopeDispose(() => {
    leaving.abort()
    running?.abort()
  })
  return { phase, fraction, error, created, start, cancel, settle, undo, reset, renewKey }
}

/** May the server have stored it although its word did not arrive? `conflict`: it is still at work on the same request. */
function isUnanswered(problem: ApiError): boolean {
  return problem.status === 0 || problem.code === 'client.unreadable' || problem.code === 'conflict'
}

/** May the same question get another answer in a moment? */
function isWorthAsking(problem: ApiError): boolean {
  return isUnanswered(problem) || problem.status === 429 || problem.status >= 500
}
