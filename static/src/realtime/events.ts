import type { MaterialChanged, NoticeCreated, NoticeState } from '@/api/types'

/** What the realtime layer tells the screens that are open. */
export interface RealtimeEvents {
  'material.changed': MaterialChanged
  /** The log does not reach back far enough, or the connection was away: lists may be stale. */
  'lists.stale': undefined
  /** A notice that was not known before, from the socket or a sync. */
  'notice.created': NoticeCreated
  'notice.state': NoticeState
}

type Name = keyof RealtimeEvents
type Listener<N extends Name> = (data: RealtimeEvents[N]) => void

const listeners: { [N in Name]: Set<Listener<N>> } = {
  'material.changed': new Set(),
  'lists.stale': new Set(),
  'notice.created': new Set(),
  'notice.state': new Set(),
}

/** Listens to `name`; returns the function that stops listening. */
export function onRealtime<N extends Name>(name: N, listener: Listener<N>): () => void {
  const set: Set<Listener<N>> = listeners[name]
  set.add(listener)
  return () => set.delete(listener)
}

/** Calls every listener of `name`. */
export function emitRealtime<N extends Name>(name: N, data: RealtimeEvents[N]): void {
  const set: Set<Listener<N>> = listeners[name]
  for (const listener of [...set]) listener(data)
}
