/** What of the debug console is shown: by kind or group of kinds, and by a word in it. */
import type { ConsoleKind, ConsoleLine } from '@/shared/api/appTypes'
import { isMark, type ConsoleEntry } from './consoleBuffer'

export const consoleGroups = {
  problems: ['refused', 'api_refused', 'webhook_failed'],
  connections: ['connected', 'disconnected', 'refused', 'signed_in'],
  channels: ['subscribed', 'unsubscribed', 'occupied', 'vacated', 'member_added', 'member_removed', 'count'],
  events: ['api_event', 'client_event', 'cache_miss', 'api_refused'],
  webhooks: ['webhook_sent', 'webhook_failed'],
} as const satisfies Record<string, readonly ConsoleKind[]>

export type ConsoleGroup = keyof typeof consoleGroups
/** A group, one kind, or nothing for all. */
export type KindFilter = '' | ConsoleGroup | ConsoleKind

export interface ConsoleFilter {
  kind: KindFilter
  text: string
}

/** The entries that pass. Marks of skipped lines always do: what is missing may have been wanted. */
export function filtered(entries: readonly ConsoleEntry[], filter: ConsoleFilter): readonly ConsoleEntry[] {
  const word = filter.text.trim().toLowerCase()
  if (!filter.kind && !word) return entries
  return entries.filter((entry) => isMark(entry) || (isOfKind(entry, filter.kind) && (!word || hasWord(entry, word))))
}

/** Whether a line is of the kind, or of a kind in the group. */
export function isOfKind({ kind }: { kind: string }, filter: KindFilter): boolean {
  if (!filter || kind === filter) return true
  return filter in consoleGroups && (consoleGroups[filter as ConsoleGroup] as readonly string[]).includes(kind)
}

function hasWord(line: ConsoleLine, word: string): boolean {
  const parts = [line.kind, line.channel, line.event, line.socket_id, line.user_id, line.data, line.reason, line.code, line.node]
  return parts.some((part) => part !== null && String(part).toLowerCase().includes(word))
}
