import type { CompanionEnd } from '@/shared/api/companionTypes'
import type { Schemas } from '@/shared/api/contract'
import type { NoticeCreated } from '@/shared/api/types'

/** The events of the server by their names, as `docs/openapi.json` describes them. */
export type EventData = Schemas['EventData']
export type DurableName = Schemas['DurableEventName']
export type PassingName = Schemas['PassingEventName']

type Others = 'session.ended' | 'client-typing' | 'message.read' | 'app.console' | 'notice.created' | 'companion.done' | 'companion.failed'
/** Events of the server that reach the screens as they came; the position in the log is for the controller. */
type ScreenEvents = { [N in Exclude<keyof EventData, Others>]: Omit<EventData[N], 'cursor'> }

/** What the realtime layer tells the screens that are open. */
export interface RealtimeEvents extends ScreenEvents {
  /** The log does not reach back far enough, or the connection was away: lists may be stale. */
  'lists.stale': undefined
  /** A notice that was not known before, from the socket or a sync. */
  'notice.created': NoticeCreated
  'companion.done': CompanionEnd
  'companion.failed': CompanionEnd
  'message.read': EventData['message.read'] & { conversation_id: string }
  /** Somebody types in a conversation; the server vouches for who. */
  typing: { conversation_id: string; user_id: string }
  /** What happened in a connected app, while an admin looks on. */
  'app.console': EventData['app.console'] & { app_id: string }
  /** The connection is up and what was missed has arrived. */
  'realtime.ready': undefined
  /** A channel joined by a screen is joined, at first or again after a reconnect. */
  'channel.joined': { channel: string }
  'channel.members': { channel: string; user_ids: string[] }
  'channel.refused': { channel: string }
}

type Name = keyof RealtimeEvents
type Listener<N extends Name> = (data: RealtimeEvents[N]) => void

const listeners = new Map<Name, Set<Listener<never>>>()

/** Listens to `name`; returns the function that stops listening. */
export function onRealtime<N extends Name>(name: N, listener: Listener<N>): () => void {
  const set = listeners.get(name) ?? new Set()
  listeners.set(name, set)
  set.add(listener as Listener<never>)
  return () => set.delete(listener as Listener<never>)
}

/** Calls every listener of `name`. */
export function emitRealtime<N extends Name>(name: N, data: RealtimeEvents[N]): void {
  for (const listener of [...(listeners.get(name) ?? [])]) (listener as Listener<N>)(data)
}
