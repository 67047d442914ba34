import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import * as api from '@/features/notices/api/notices'
import { asApiError, type ApiError } from '@/shared/api/problem'
import type { Notice, NoticeCreated, NoticeState } from '@/shared/api/types'
import { badgeNumber, emptyBadge, isOutdated, withArrival, withServerCount, type Badge } from '@/shared/realtime/badge'
import { coalesce } from '@/shared/realtime/jitter'

const latestLimit = 20
const visibleSpreadMs = 800
const hiddenSpreadMs = 5_000
/** How often a list is asked for again because something newer became known while it was on its way. */
const maxAsks = 4

/** What one click marked as read, and the time it wrote. */
interface Mark {
  ids: Set<string>
  readAt: string
}

/** The newest notices and the badge. The number is the server's; see realtime/badge.ts. */
export const useNotices = defineStore('notices', () => {
  const badge = ref<Badge>(emptyBadge)
  const latest = ref<Notice[]>([])
  const isLoaded = ref(false)
  const error = ref<ApiError | null>(null)
  const unreadCount = computed(() => badgeNumber(badge.value))

  const reconcile = coalesce(
    () => void ask(1).catch(() => undefined),
    0,
    () => (document.hidden ? hiddenSpreadMs : visibleSpreadMs),
  )

  async function ask(limit: number): Promise<Notice[]> {
    for (let asks = 1; ; asks += 1) {
      const versionBefore = badge.value.version
      const arrivedBefore = [...badge.value.pendingIds]
      const page = await api.fetchNotices({ state: 'all', limit })
      // Older than what was known when it was asked for: the database was restored, and counts anew.
      if (page.version < versionBefore) badge.value = { ...badge.value, version: 0 }
      // Older than what a device has read meanwhile: its items would bring the old state back.
      if (isOutdated(badge.value, page) && asks < maxAsks) continue
      const listed = page.items.map((notice) => notice.id)
      badge.value = withServerCount(badge.value, page, [...arrivedBefore, ...listed])
      return page.items
    }
  }

  /** Fetches the newest notices and the server's number. */
  async function loadLatest(): Promise<void> {
    try {
      latest.value = await ask(latestLimit)
      isLoaded.value = true
      error.value = null
    } catch (thrown) {
      error.value = asApiError(thrown)
    }
  }

  /** A notice arrived: count it on top of the server's number, then ask for the true one. */
  function receive(notice: NoticeCreated): void {
    badge.value = withArrival(badge.value, notice.id)
    if (!latest.value.some(({ id }) => id === notice.id)) {
      latest.value = [{ ...notice, read_at: null }, ...latest.value].slice(0, latestLimit)
    }
    reconcile.request()
  }

  /** Another device, or this one, changed what is read. */
  function applyState(state: NoticeState): void {
    // What was read stays read; but "all" of an older event did not know what has come since.
    const readsAll = state.all && !isOutdated(badge.value, state)
    badge.value = withServerCount(badge.value, state, badge.value.pendingIds)
    markLatest((id) => readsAll || state.notice_ids.includes(id))
  }

  /** Marks one notice as read, at once here and then on the server; a failure takes it back. */
  async function markRead(id: string): Promise<void> {
    const marked = markLatest((candidate) => candidate === id)
    try {
      applyState({ ...(await api.markNoticeRead(id)), all: false, notice_ids: [id] })
    } catch (thrown) {
      unmarkLatest(marked)
      throw thrown
    }
  }

  /** Marks everything as read. */
  async function markAllRead(): Promise<void> {
    const marked = markLatest(() => true)
    try {
      applyState({ ...(await api.markAllNoticesRead()), all: true, notice_ids: [] })
    } catch (thrown) {
      unmarkLatest(marked)
      throw thrown
    }
  }

  /** Marks what is unread and affected, and returns the marks. */
  function markLatest(isAffected: (id: string) => boolean): Mark {
    const mark = { ids: new Set<string>(), readAt: new Date().toISOString() }
    latest.value = latest.value.map((notice) => {
      if (notice.read_at !== null || !isAffected(notice.id)) return notice
      mark.ids.add(notice.id)
      return { ...notice, read_at: mark.readAt }
    })
    return mark
  }

  /** Takes marks back, and nothing else: other notices may have arrived or been read since. */
  function unmarkLatest({ ids, readAt }: Mark): void {
    latest.value = latest.value.map((notice) => (ids.has(notice.id) && notice.read_at === readAt ? { ...notice, read_at: null } : notice))
  }

  /** Forgets everything: another user may log in. */
  function reset(): void {
    reconcile.cancel()
    badge.value = emptyBadge
    latest.value = []
    isLoaded.value = false
    error.value = null
  }

  return {
    latest,
    isLoaded,
    error,
    unreadCount,
    loadLatest,
    receive,
    applyState,
    markRead,
    markAllRead,
    reset,
  }
})
