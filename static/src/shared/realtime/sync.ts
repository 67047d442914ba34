import type { SyncAnswer, SyncEvent } from '@/shared/api/types'

export interface SyncResult {
  events: SyncEvent[]
  cursor: string
  /** True when the log no longer reaches back to the cursor: the lists must be fetched again. */
  isReset: boolean
}

const maxRounds = 100

/** Reads everything after `cursor`, page by page, in order. Throws what `fetchPage` throws. */
export async function collectMissed(cursor: string, fetchPage: (cursor: string) => Promise<SyncAnswer>): Promise<SyncResult> {
  const result: SyncResult = { events: [], cursor, isReset: false }
  for (let round = 0; round < maxRounds; round += 1) {
    const page = await fetchPage(result.cursor)
    const isStuck = page.more && page.cursor === result.cursor
    result.events.push(...page.events)
    result.cursor = page.cursor
    result.isReset ||= page.reset === true
    if (!page.more || isStuck) break
  }
  return result
}

/** The id an event is known by on both ways in: the object's own id when it has one, else the log's. */
export function identityOf(event: string, data: unknown, logId: string): string {
  const own = typeof data === 'object' && data !== null ? (data as { id?: unknown }).id : undefined
  return `${event}:${typeof own === 'string' ? own : logId}`
}
