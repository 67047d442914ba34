import { request } from '@/shared/api/client'
import type { NoticePage, UnreadCount } from '@/shared/api/types'

export type NoticeFilter = 'all' | 'unread'

/** One page of the user's notices, newest first, with the server's unread count. */
export function fetchNotices(
  query: { state?: NoticeFilter; limit?: number; after?: string | null },
  signal?: AbortSignal,
): Promise<NoticePage> {
  return request('/notices', { query, signal })
}

/** Marks one notice as read. */
export function markNoticeRead(id: string): Promise<UnreadCount> {
  return request(`/notices/${encodeURIComponent(id)}/read`, { method: 'POST' })
}

/** Marks every notice as read. */
export function markAllNoticesRead(): Promise<UnreadCount> {
  return request('/notices/read-all', { method: 'POST' })
}
