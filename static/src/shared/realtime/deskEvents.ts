/** The events of the server that reach the screens: which are durable, and how the passing ones are told. A new event of the server is asked for here. */
import { emitRealtime, type DurableName, type EventData, type PassingName } from './events'
import type { EventOrigin } from './socket'

/** The controller takes these itself. */
type TakenDurable = 'notice.created'
type TakenPassing = 'notice.state' | 'material.changed' | 'session.ended'

type ScreenDurable = Exclude<DurableName, TakenDurable>
type ScreenPassing = Exclude<PassingName, TakenPassing>

const durable: Record<ScreenDurable, true> = {
  'appointment.changed': true,
  'conversation.changed': true,
  'message.created': true,
  'message.changed': true,
  'companion.done': true,
  'companion.failed': true,
  'risk.raised': true,
  'risk.changed': true,
}

const conversationPrefix = 'presence-conversation.'
const consolePrefix = 'private-app-console.'

/** The channel of one conversation. */
export function conversationChannel(id: string): string {
  return conversationPrefix + id
}

/** The channel on which a counsellor's free times change. */
export function slotsChannel(counsellorId: string): string {
  return `private-slots.${counsellorId}`
}

/** The channel on which a connected app's debug console is fed. */
export function consoleChannel(appId: string): string {
  return consolePrefix + appId
}

/** The channel of the counsellors' duty status. */
export const statusChannel = 'private-counsellors.status'

const passing: { [N in ScreenPassing]: (data: EventData[N], from: EventOrigin) => void } = {
  'slots.changed': (data) => emitRealtime('slots.changed', data),
  'queue.changed': (data) => emitRealtime('queue.changed', data),
  'counsellor.status': (data) => emitRealtime('counsellor.status', data),
  'companion.started': (data) => emitRealtime('companion.started', data),
  'companion.delta': (data) => emitRealtime('companion.delta', data),
  'app.console': (data, { channel }) => {
    const app_id = idIn(channel, consolePrefix)
    if (app_id !== null) emitRealtime('app.console', { ...data, app_id })
  },
  'message.read': (data, { channel }) => {
    const conversation_id = idIn(channel, conversationPrefix)
    if (conversation_id !== null) emitRealtime('message.read', { ...data, conversation_id })
  },
  'client-typing': (_, { channel, userId }) => {
    const conversation_id = idIn(channel, conversationPrefix)
    if (conversation_id !== null && userId) emitRealtime('typing', { conversation_id, user_id: userId })
  },
}

/** True for events that are also in the log, and so may come twice. */
export function isDurable(event: string): event is ScreenDurable {
  return Object.hasOwn(durable, event)
}

/** Tells the screens about an event of the log; others are ignored. */
export function emitDurable(event: string, data: unknown): void {
  if (isDurable(event)) emitRealtime(event, data as EventData[ScreenDurable] as never)
}

/** Tells the screens about an event that is not kept anywhere; unknown ones are ignored. */
export function emitPassing(event: string, data: unknown, from: EventOrigin): void {
  if (isPassing(event)) (passing[event] as (data: unknown, from: EventOrigin) => void)(data, from)
}

function isPassing(event: string): event is ScreenPassing {
  return Object.hasOwn(passing, event)
}

/** The id in the name of a channel of one kind; null in that of another. */
function idIn(channel: string, prefix: string): string | null {
  return channel.startsWith(prefix) ? channel.slice(prefix.length) : null
}
