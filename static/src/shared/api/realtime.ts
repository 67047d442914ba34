import { request } from './client'
import type { RealtimeInfo, SyncAnswer } from './types'

/** The built-in app's key, the channels of this user, and the newest log position. */
export function fetchRealtimeInfo(): Promise<RealtimeInfo> {
  return request('GET /realtime')
}

/** Everything durable after `cursor`, in order. */
export function fetchSync(cursor: string): Promise<SyncAnswer> {
  return request('GET /sync', { query: { after: cursor } })
}
