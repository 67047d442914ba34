import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import * as api from '@/api/notices'
import { asApiError, type ApiError } from '@/api/problem'
import type { Notice, NoticeCreated, NoticeState } from '@/api/types'
import { badgeNumber, emptyBadge, withArrival, withServerCount, type Badge } from '@/realtime/badge'
import { coalesce } from '@/realtime/jitter'

const latestLimit = 20
const visibleSpreadMs = 800
const hiddenSpreadMs = 5_000

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
    const arrivedBefore = [...badge.value.pendingIds]
    const page = await api.fetchNotices({ state: 'all', limit })
    const listed = page.items.map((notice) => notice.id)
    badge.value = withServerCount(badge.value, page.unread_count, [...arrivedBefore, ...listed])
    return page.items
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
    setServerCount(state.unread_count)
    const isAffected = (id: string) => state.all || state.notice_ids.includes(id)
    markLatest(isAffected)
  }

  /** Marks one notice as read, at once here and then on the server; a failure takes it back. */
  async function markRead(id: string): Promise<void> {
    const before = latest.value
    markLatest((candidate) => candidate === id)
    try {
      setServerCount((await api.markNoticeRead(id)).unread_count)
    } catch (thrown) {
      latest.value = before
      throw thrown
    }
  }

  /** Marks everything as read. */
  async function markAllRead(): Promise<void> {
    const before = latest.value
    markLatest(() => true)
    try {
      setServerCount((await api.markAllNoticesRead()).unread_count)
    } catch (thrown) {
      latest.value = before
      throw thrown
    }
  }

  function setServerCount(count: number): void {
    badge.value = withServerCount(badge.value, count, badge.value.pendingIds)
  }

  function markLatest(isAffected: (id: string) => boolean): void {
    const now = new Date().toISOString()
    latest.value = latest.value.map((notice) =>
      notice.read_at === null && isAffected(notice.id) ? { ...notice, read_at: now } : notice,
    )
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
    latest, isLoaded, error, unreadCount,
    loadLatest, receive, applyState, setServerCount, markRead, markAllRead, reset,
  }
})
