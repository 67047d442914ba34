import type { UnreadCount } from '@/shared/api/types'

/**
 * The badge shows the server's number. Between two answers of the server it may only grow by notices the
 * server's number does not contain yet.
 */
export interface Badge {
  serverCount: number
  /** How new `serverCount` is, by the server's own counting. */
  version: number
  /** Notices that arrived since `serverCount` was true. */
  pendingIds: ReadonlySet<string>
  /** Notices the last answers of the server already counted. */
  countedIds: ReadonlySet<string>
}

export const emptyBadge: Badge = { serverCount: 0, version: 0, pendingIds: new Set(), countedIds: new Set() }

/** The number to show. */
export function badgeNumber(badge: Badge): number {
  return badge.serverCount + badge.pendingIds.size
}

/** Folds in a notice that arrived by socket or sync; one the server counted already changes nothing. */
export function withArrival(badge: Badge, noticeId: string): Badge {
  if (badge.countedIds.has(noticeId) || badge.pendingIds.has(noticeId)) return badge
  return { ...badge, pendingIds: new Set([...badge.pendingIds, noticeId]) }
}

/**
 * Folds in a number of the server. `containedIds` are the notices it certainly saw: those listed in the same
 * answer and those that had arrived before the question was asked. Later arrivals stay on top of it.
 * A number that is older than the one shown changes nothing: answers and events overtake each other.
 */
export function withServerCount(badge: Badge, unread: UnreadCount, containedIds: Iterable<string>): Badge {
  if (isOutdated(badge, unread)) return badge
  const countedIds = new Set(containedIds)
  const pendingIds = new Set([...badge.pendingIds].filter((id) => !countedIds.has(id)))
  return { serverCount: unread.unread_count, version: unread.version, pendingIds, countedIds }
}

/** Says whether a number of the server is older than the one shown. */
export function isOutdated(badge: Badge, unread: UnreadCount): boolean {
  return unread.version < badge.version
}
