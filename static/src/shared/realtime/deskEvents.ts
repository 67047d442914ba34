/** The events of appointments, conversations, the companion, alerts and connected apps: which are durable, and how they reach the screens. */
import type { ConsoleFrame } from '@/shared/api/appTypes'
import type { CounsellorStatus, SlotsChanged } from '@/shared/api/appointmentTypes'
import type { MessageRead } from '@/shared/api/chatTypes'
import type { CompanionDelta, CompanionStarted } from '@/shared/api/companionTypes'
import { emitRealtime, type RealtimeEvents } from './events'
import type { EventOrigin } from './socket'

const durable = [
  'appointment.changed',
  'conversation.changed',
  'message.created',
  'message.changed',
  'companion.done',
  'companion.failed',
  'risk.raised',
  'risk.changed',
] as const
type DurableName = (typeof durable)[number]

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

/** True for events that are also in the log, and so may come twice. */
export function isDurable(event: string): event is DurableName {
  return (durable as readonly string[]).includes(event)
}

/** Tells the screens about an event of the log; others are ignored. */
export function emitDurable(event: string, data: unknown): void {
  if (isDurable(event)) emitRealtime(event, data as RealtimeEvents[DurableName] as never)
}

/** Tells the screens about an event that is not kept anywhere; unknown ones are ignored. */
export function emitPassing(event: string, data: unknown, from: EventOrigin): void {
  if (event === 'slots.changed') emitRealtime(event, data as SlotsChanged)
  else if (event === 'queue.changed') emitRealtime(event, data as { waiting: number })
  else if (event === 'companion.started') emitRealtime(event, data as CompanionStarted)
  else if (event === 'companion.delta') emitRealtime(event, data as CompanionDelta)
  else if (event === 'counsellor.status') emitRealtime(event, data as CounsellorStatus)
  else if (event === 'app.console' && from.channel.startsWith(consolePrefix)) {
    emitRealtime(event, { ...(data as ConsoleFrame), app_id: from.channel.slice(consolePrefix.length) })
  } else if (from.channel.startsWith(conversationPrefix)) {
    const conversation_id = from.channel.slice(conversationPrefix.length)
    if (event === 'message.read') emitRealtime(event, { ...(data as MessageRead), conversation_id })
    else if (event === 'client-typing' && from.userId) emitRealtime('typing', { conversation_id, user_id: from.userId })
  }
}
