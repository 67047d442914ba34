import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import { asApiError, type ApiError } from '@/shared/api/problem'

export interface Resource<T> {
  data: ShallowRef<T | null>
  error: ShallowRef<ApiError | null>
  /** Fetches again; data on the screen stays until the new one is there. */
  load: () => Promise<void>
}

/** One thing of the server on a screen. A newer `load` cancels the one before. */
export function useResource<T>(fetchOne: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<ApiError | null>(null)
  let running: AbortController | null = null

  async function load(): Promise<void> {
    running?.abort()
    const mine = (running = new AbortController())
    try {
      const value = await fetchOne(mine.signal)
      if (mine.signal.aborted) return
      data.value = value
      error.value = null
    } catch (thrown) {
      if (!mine.signal.aborted) error.value = asApiError(thrown)
    }
  }

  onScopeDispose(() => running?.abort())
  return { data, error, load }
}
