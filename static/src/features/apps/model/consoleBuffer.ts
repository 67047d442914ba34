/** The lines of the debug console: bounded, each once, in the order of their times (nodes tell their own lines); held back while somebody reads. */
import type { ConsoleFrame, ConsoleLine } from '@/shared/api/appTypes'

/** Lines that were too many to be told of, where they would have stood. */
export interface SkippedMark {
  id: string
  kind: 'skipped'
  at: string
  /** 0 = nobody knows, as nobody watched. */
  count: number
}

export type ConsoleEntry = ConsoleLine | SkippedMark

export interface ConsoleBuffer {
  /** What is on the screen, oldest first. */
  shown: readonly ConsoleEntry[]
  /** What came while the reader reads, not yet on the screen. */
  held: readonly ConsoleEntry[]
  /** How many lines were dropped from `held` because it was full. */
  lost: number
}

export const mostLines = 500

export const emptyBuffer: ConsoleBuffer = { shown: [], held: [], lost: 0 }

/** True for the mark of skipped lines. */
export function isMark(entry: ConsoleEntry): entry is SkippedMark {
  return entry.kind === 'skipped'
}

/** How many lines wait behind the screen, those told of by number included. */
export function heldCount(buffer: ConsoleBuffer): number {
  return countOf(buffer.held) + buffer.lost
}

/** Takes a frame in: at the end of the screen, or behind it while `isHolding`. */
export function withFrame(buffer: ConsoleBuffer, frame: ConsoleFrame, isHolding: boolean): ConsoleBuffer {
  const known = new Set([...buffer.shown, ...buffer.held].map(({ id }) => id))
  const fresh: ConsoleEntry[] = frame.lines.filter(({ id }) => !known.has(id))
  if (frame.skipped > 0) fresh.push(markAfter(fresh.at(-1) ?? buffer.held.at(-1) ?? buffer.shown.at(-1), frame.skipped))
  if (fresh.length === 0) return buffer
  if (!isHolding) return { shown: trimmed(ordered([...buffer.shown, ...buffer.held, ...fresh])), held: [], lost: 0 }
  const all = [...buffer.held, ...fresh]
  const held = trimmed(all)
  return { ...buffer, held, lost: buffer.lost + countOf(all.slice(0, all.length - held.length)) }
}

/** Marks that nobody watched for a while, behind everything that was seen before. */
export function withGap(buffer: ConsoleBuffer, isHolding: boolean): ConsoleBuffer {
  const last = buffer.held.at(-1) ?? buffer.shown.at(-1)
  if (!last || (isMark(last) && last.count === 0)) return buffer
  const mark = markAfter(last, 0)
  return isHolding ? { ...buffer, held: trimmed([...buffer.held, mark]) } : { ...buffer, shown: trimmed([...buffer.shown, mark]) }
}

/** Puts what was held back on the screen. */
export function released(buffer: ConsoleBuffer): ConsoleBuffer {
  if (heldCount(buffer) === 0) return buffer
  const gap: ConsoleEntry[] = buffer.lost > 0 ? [markAfter(buffer.shown.at(-1), buffer.lost)] : []
  return { shown: trimmed(ordered([...buffer.shown, ...gap, ...buffer.held])), held: [], lost: 0 }
}

function ordered(entries: ConsoleEntry[]): ConsoleEntry[] {
  const isInOrder = entries.every((entry, index) => index === 0 || (entries[index - 1]?.at ?? '') <= entry.at)
  return isInOrder ? entries : [...entries].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
}

function trimmed(entries: ConsoleEntry[]): ConsoleEntry[] {
  return entries.length > mostLines ? entries.slice(-mostLines) : entries
}

function countOf(entries: readonly ConsoleEntry[]): number {
  return entries.reduce((sum, entry) => sum + (isMark(entry) ? entry.count : 1), 0)
}

let marks = 0

function markAfter(entry: ConsoleEntry | undefined, count: number): SkippedMark {
  marks += 1
  return { id: `${entry?.id ?? ''}+${marks}`, kind: 'skipped', at: entry?.at ?? '', count }
}
