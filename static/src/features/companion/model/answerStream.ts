/**
 * One answer while it comes: pieces with numbers, the whole from time to time, the end, in any order and any number of times.
 * The text shown is always the beginning of what the server has; a missing piece is never skipped, but healed by a snapshot.
 */
import type { AnswerStatus, CompanionAnswer, CompanionDelta, CompanionEnd } from '@/shared/api/companionTypes'

export interface AnswerStream {
  answer: CompanionAnswer
  /** Pieces that arrived before one in front of them. */
  ahead: ReadonlyMap<number, string>
}

/** What the snapshot endpoint certainly says. */
export type Snapshot = Pick<CompanionAnswer, 'id' | 'status' | 'text' | 'seq'> & Partial<CompanionAnswer>

/** More waiting pieces than this are forgotten: the snapshot brings them anyway. */
const mostAhead = 400

/** Has the answer come to an end, good or bad? */
export function isFinal(status: AnswerStatus): boolean {
  return status !== 'streaming'
}

/** An answer as it was first heard of. */
export function streamOf(answer: CompanionAnswer): AnswerStream {
  return { answer, ahead: new Map() }
}

/** Is a piece missing, so that a snapshot is needed? */
export function hasGap(stream: AnswerStream): boolean {
  return stream.ahead.size > 0
}

/** Adds one piece. Repeats and pieces after the end change nothing. */
export function withDelta(stream: AnswerStream, { seq, text }: Pick<CompanionDelta, 'seq' | 'text'>): AnswerStream {
  const { answer, ahead } = stream
  if (isFinal(answer.status) || seq <= answer.seq || ahead.has(seq)) return stream
  if (seq > answer.seq + 1) return ahead.size >= mostAhead ? stream : { answer, ahead: new Map([...ahead, [seq, text]]) }
  return closeUp({ answer: { ...answer, text: answer.text + text, seq }, ahead })
}

/** Takes the server's whole text. An older one than what is shown changes nothing; an ended answer stays ended. */
export function withSnapshot(stream: AnswerStream, snapshot: Snapshot): AnswerStream {
  const { answer, ahead } = stream
  if (isFinal(snapshot.status)) return { answer: { ...answer, ...snapshot }, ahead: new Map() }
  if (isFinal(answer.status)) return stream
  // Which versions there are may have changed although the text has not.
  if (snapshot.seq <= answer.seq) return { answer: { ...answer, versions: snapshot.versions ?? answer.versions }, ahead }
  return closeUp({ answer: { ...answer, ...snapshot }, ahead })
}

/** The end, with the text that counts from now on: the server may have taken some of it back. */
export function withEnd(stream: AnswerStream, end: CompanionEnd): AnswerStream {
  const { status, text, kind, error, seq, help } = end
  const ended = { status, text, kind, error: error ?? null, seq: Math.max(seq, stream.answer.seq), help: help ?? stream.answer.help }
  return { answer: { ...stream.answer, ...ended }, ahead: new Map() }
}

/** Adds the waiting pieces that now fit, and drops those the text already contains. */
function closeUp({ answer, ahead }: AnswerStream): AnswerStream {
  let { text, seq } = answer
  const waiting = new Map([...ahead].filter(([number]) => number > seq))
  for (let next = waiting.get(seq + 1); next !== undefined; next = waiting.get(seq + 1)) {
    seq += 1
    text += next
    waiting.delete(seq)
  }
  return { answer: { ...answer, text, seq }, ahead: waiting }
}
