import { request } from '@/shared/api/client'
import type { AddressOf, QueryOf } from '@/shared/api/contract'
import type { NoticePage, UnreadCount } from '@/shared/api/types'

export type NoticeFilter = NonNullable<QueryOf<'GET /notices'>['state']>

/** One page of the user's notices, newest first, with the server's unread count. */
export function fetchNotices(query: AddressOf<'GET /notices'>['query'], signal?: AbortSignal): Promise<NoticePage> {
  return request('GET /notices', { query, signal })
}

/** Marks one notice as read. */
export function markNoticeRead(id: string): Promise<UnreadCount> {
  return request('POST /notices/{id}/read', { path: { id } })
}

/** Marks every notice as read. */
export function markAllNoticesRead(): Promise<UnreadCount> {
  return request('POST /notices/read-all')
}
