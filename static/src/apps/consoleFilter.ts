/** What of the debug console is shown: by kind or group of kinds, and by a word in it. */
import type { ConsoleKind, ConsoleLine } from '@/api/appTypes'
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

/** What the line tells by its colour. */
export type LineTone = 'danger' | 'events' | 'channels' | 'connections' | 'webhooks'

/** The entries that pass. Marks of skipped lines always do: what is missing may have been wanted. */
export function filtered(entries: readonly ConsoleEntry[], filter: ConsoleFilter): readonly ConsoleEntry[] {
  const word = filter.text.trim().toLowerCase()
  if (!filter.kind && !word) return entries
  return entries.filter((entry) => isMark(entry) || (isOfKind(entry, filter.kind) && (!word || hasWord(entry, word))))
}

/** The group that gives a line its colour. */
export function toneOf(kind: string): LineTone {
  if (isOfKind({ kind }, 'problems')) return 'danger'
  const groups = ['events', 'channels', 'webhooks'] as const
  return groups.find((group) => isOfKind({ kind }, group)) ?? 'connections'
}

/** The payload with line breaks where it is whole JSON; otherwise as it came. */
export function prettyData({ data, bytes }: Pick<ConsoleLine, 'data' | 'bytes'>): string {
  if (data === null || isCut({ data, bytes })) return data ?? ''
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' ? JSON.stringify(value, null, 2) : data
  } catch {
    return data
  }
}

/** Whether the payload was longer than what the console carries. */
export function isCut({ data, bytes }: Pick<ConsoleLine, 'data' | 'bytes'>): boolean {
  return data !== null && bytes !== null && new TextEncoder().encode(data).length < bytes
}

function isOfKind({ kind }: { kind: string }, filter: KindFilter): boolean {
  if (!filter || kind === filter) return true
  return filter in consoleGroups && (consoleGroups[filter as ConsoleGroup] as readonly string[]).includes(kind)
}

function hasWord(line: ConsoleLine, word: string): boolean {
  const parts = [line.kind, line.channel, line.event, line.socket_id, line.user_id, line.data, line.reason, line.code, line.node]
  return parts.some((part) => part !== null && String(part).toLowerCase().includes(word))
}
