import { onScopeDispose, ref, shallowRef } from 'vue'
import { asApiError, type ApiError } from '@/shared/api/problem'
import type { Page } from '@/shared/api/types'

/** A list of the server that is read page by page. A newer `reload` cancels what is running. */
export function useKeysetList<Item extends { id: string }, P extends Page<Item> = Page<Item>>(
  fetchPage: (after: string | null, signal: AbortSignal) => Promise<P>,
) {
  const items = shallowRef<Item[]>([])
  const firstPage = shallowRef<P | null>(null)
  const next = ref<string | null>(null)
  const isLoading = ref(true)
  const error = shallowRef<ApiError | null>(null)
  let running: AbortController | null = null

  async function run(after: string | null, apply: (page: P) => void): Promise<void> {
    running?.abort()
    const mine = (running = new AbortController())
    isLoading.value = true
    try {
      const page = await fetchPage(after, mine.signal)
      if (mine.signal.aborted) return
      apply(page)
      next.value = page.next
      error.value = null
    } catch (thrown) {
      if (!mine.signal.aborted) error.value = asApiError(thrown)
    } finally {
      if (!mine.signal.aborted) isLoading.value = false
    }
  }

  /** Fetches the first page again. */
  function reload(): Promise<void> {
    return run(null, (page) => {
      firstPage.value = page
      items.value = page.items
    })
  }

  /** Adds the next page at the end. */
  function loadMore(): Promise<void> {
    return run(next.value, (page) => {
      const known = new Set(items.value.map(({ id }) => id))
      items.value = [...items.value, ...page.items.filter(({ id }) => !known.has(id))]
    })
  }

  /** Puts a changed item in the place of the old one. */
  function replace(item: Item): void {
    items.value = items.value.map((old) => (old.id === item.id ? item : old))
  }

  /** Takes an item off the screen. */
  function remove(id: string): void {
    items.value = items.value.filter((item) => item.id !== id)
  }

  /** Takes everything off the screen: the next page that comes is of another list. */
  function clear(): void {
    items.value = []
    firstPage.value = null
  }

  onScopeDispose(() => running?.abort())
  return { items, firstPage, next, isLoading, error, reload, loadMore, replace, remove, clear }
}
