import { onScopeDispose, type Ref } from 'vue'
import { fetchNotices, type NoticeFilter } from '@/features/notices/api/notices'
import type { Notice, NoticePage } from '@/shared/api/types'
import { useKeysetList } from '@/shared/composables/useKeysetList'
import { onRealtime } from '@/shared/realtime/events'

/** The full list of notices, kept up to date while it is on the screen. */
export function useNoticeList(filter: Readonly<Ref<NoticeFilter>>) {
  const list = useKeysetList<Notice, NoticePage>((after, signal) => fetchNotices({ state: filter.value, after }, signal))

  /** Shows these notices as read; what it is called for has happened on the server. */
  function markRead(isAffected: (id: string) => boolean): void {
    const now = new Date().toISOString()
    list.items.value = list.items.value.map((notice) =>
      notice.read_at === null && isAffected(notice.id) ? { ...notice, read_at: now } : notice,
    )
  }

  function prepend(notice: Notice): void {
    if (list.items.value.some(({ id }) => id === notice.id)) return
    list.items.value = [notice, ...list.items.value]
  }

  const stops = [
    onRealtime('notice.created', (notice) => prepend({ ...notice, read_at: null })),
    onRealtime('notice.state', (state) => markRead((id) => state.all || state.notice_ids.includes(id))),
    onRealtime('lists.stale', () => void list.reload()),
  ]
  onScopeDispose(() => {
    for (const stop of stops) stop()
  })

  return { ...list, markRead }
}
