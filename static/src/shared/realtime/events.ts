import type { AlertEvent } from '@/shared/api/alertTypes'
import type { ConsoleFrame } from '@/shared/api/appTypes'
import type { AppointmentChanged, CounsellorStatus, SlotsChanged } from '@/shared/api/appointmentTypes'
import type { ConversationChanged, MessageEvent, MessageRead } from '@/shared/api/chatTypes'
import type { CompanionDelta, CompanionEnd, CompanionStarted } from '@/shared/api/companionTypes'
import type { MaterialChanged, NoticeCreated, NoticeState } from '@/shared/api/types'

/** What the realtime layer tells the screens that are open. */
export interface RealtimeEvents {
  'material.changed': MaterialChanged
  /** The log does not reach back far enough, or the connection was away: lists may be stale. */
  'lists.stale': undefined
  /** A notice that was not known before, from the socket or a sync. */
  'notice.created': NoticeCreated
  'notice.state': NoticeState
  'appointment.changed': AppointmentChanged
  'slots.changed': SlotsChanged
  'conversation.changed': ConversationChanged
  'queue.changed': { waiting: number }
  'message.created': MessageEvent
  'message.changed': MessageEvent
  'message.read': MessageRead & { conversation_id: string }
  'counsellor.status': CounsellorStatus
  /** Somebody types in a conversation; the server vouches for who. */
  typing: { conversation_id: string; user_id: string }
  'companion.started': CompanionStarted
  'companion.delta': CompanionDelta
  'companion.done': CompanionEnd
  'companion.failed': CompanionEnd
  'risk.raised': AlertEvent
  'risk.changed': AlertEvent
  /** What happened in a connected app, while an admin looks on. */
  'app.console': ConsoleFrame & { app_id: string }
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
