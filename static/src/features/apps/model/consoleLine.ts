/** How a line of the debug console is told: colour, one-line summary, payload. */
import type { ConsoleLine } from '@/shared/api/appTypes'
import { isOfKind } from './consoleFilter'

export interface LineSummary {
  /** What the eye looks for first; may be empty. */
  main: string
  rest: string[]
}

/** The classes that give a line its colour, by its group; trouble first. */
export function toneOf(kind: string): string {
  if (isOfKind({ kind }, 'problems')) return 'tone-danger'
  if (isOfKind({ kind }, 'events')) return 'tone-sky'
  if (isOfKind({ kind }, 'channels')) return 'tone-sea'
  if (isOfKind({ kind }, 'webhooks')) return 'tone-plum'
  return 'tone-quiet'
}

/** The line in a few words: the event, then the channel, who, and why. */
export function summaryOf(line: ConsoleLine): LineSummary {
  const count = line.kind === 'count' ? line.data : null
  const code = line.code === null ? null : String(line.code)
  const who = line.user_id ?? (line.channel || line.event ? null : line.socket_id)
  const [main = '', ...rest] = [line.event, line.channel, who, count, code, line.reason].filter(
    (part) => part !== null && part !== '',
  ) as string[]
  return { main, rest }
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
