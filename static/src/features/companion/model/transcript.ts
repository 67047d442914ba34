/** What is shown of a thread: questions in order, each with all versions of its answer. */
import type { CompanionAnswer, CompanionDelta, CompanionEnd, CompanionMessage, CompanionQuestion } from '@/shared/api/companionTypes'
import { hasGap, isFinal, streamOf, withDelta, withEnd, withSnapshot, type AnswerStream, type Snapshot } from './answerStream'

export interface Turn {
  question: CompanionQuestion
  /** Ids of all answers, oldest first; not all need be loaded. */
  versions: readonly string[]
}

export interface Transcript {
  turns: readonly Turn[]
  streams: ReadonlyMap<string, AnswerStream>
  /** Pieces and ends of answers that nobody has told of yet. */
  early: ReadonlyMap<string, { deltas: CompanionDelta[]; end: CompanionEnd | null }>
}

export const emptyTranscript: Transcript = { turns: [], streams: new Map(), early: new Map() }

/** Adds messages of the server: a page of the history, what was just asked, what another device asked. */
export function withMessages(transcript: Transcript, messages: readonly CompanionMessage[]): Transcript {
  let next = transcript
  for (const message of messages) next = message.role === 'student' ? withQuestion(next, message) : withAnswer(next, message)
  return next
}

/** Adds one piece of an answer. */
export function takeDelta(transcript: Transcript, delta: CompanionDelta): Transcript {
  const stream = transcript.streams.get(delta.message_id)
  if (stream) return withStream(transcript, withDelta(stream, delta))
  const { deltas, end } = earlyOf(transcript, delta.message_id)
  return { ...transcript, early: new Map([...transcript.early, [delta.message_id, { deltas: [...deltas, delta], end }]]) }
}

/** Takes the end of an answer. */
export function takeEnd(transcript: Transcript, end: CompanionEnd): Transcript {
  const stream = transcript.streams.get(end.message_id)
  if (stream) return withStream(transcript, withEnd(stream, end))
  const { deltas } = earlyOf(transcript, end.message_id)
  return { ...transcript, early: new Map([...transcript.early, [end.message_id, { deltas, end }]]) }
}

/** Takes a snapshot of a known answer. */
export function takeSnapshot(transcript: Transcript, snapshot: Snapshot): Transcript {
  const stream = transcript.streams.get(snapshot.id)
  if (!stream) return transcript
  const next = withStream(transcript, withSnapshot(stream, snapshot))
  return snapshot.versions ? withVersions(next, stream.answer.question_id, snapshot.versions) : next
}

/** Forgets pieces of answers that turned out to belong to another thread. */
export function withoutEarly(transcript: Transcript, answerId: string): Transcript {
  const early = new Map(transcript.early)
  early.delete(answerId)
  return { ...transcript, early }
}

/** The answers that are still coming. */
export function streamingAnswers(transcript: Transcript): CompanionAnswer[] {
  return [...transcript.streams.values()].map(({ answer }) => answer).filter(({ status }) => !isFinal(status))
}

/** The answers of which a piece is missing. */
export function gappedIds(transcript: Transcript): string[] {
  return [...transcript.streams.values()].filter(hasGap).map(({ answer }) => answer.id)
}

function withQuestion(transcript: Transcript, question: CompanionQuestion): Transcript {
  const isKnown = transcript.turns.some((turn) => turn.question.id === question.id)
  if (isKnown) return transcript
  // Ids are UUIDv7: their order is the order in which the questions were asked.
  const turns = [...transcript.turns, { question, versions: [] }].sort((a, b) => (a.question.id < b.question.id ? -1 : 1))
  return { ...transcript, turns }
}

function withAnswer(transcript: Transcript, answer: CompanionAnswer): Transcript {
  const known = transcript.streams.get(answer.id)
  const next = withStream(transcript, known ? withSnapshot(known, answer) : streamOf(answer))
  const { deltas, end } = earlyOf(transcript, answer.id)
  let caughtUp = withoutEarly(withVersions(next, answer.question_id, answer.versions?.length ? answer.versions : [answer.id]), answer.id)
  for (const delta of deltas) caughtUp = takeDelta(caughtUp, delta)
  return end ? takeEnd(caughtUp, end) : caughtUp
}

/** Versions are only ever added at the end; an older list must not take one away. */
function withVersions(transcript: Transcript, questionId: string, versions: readonly string[]): Transcript {
  const turns = transcript.turns.map((turn) => {
    if (turn.question.id !== questionId) return turn
    const all = [...new Set([...turn.versions, ...versions])].sort((a, b) => (a < b ? -1 : 1))
    return all.length === turn.versions.length ? turn : { ...turn, versions: all }
  })
  return { ...transcript, turns }
}

function withStream(transcript: Transcript, stream: AnswerStream): Transcript {
  return { ...transcript, streams: new Map([...transcript.streams, [stream.answer.id, stream]]) }
}

function earlyOf(transcript: Transcript, id: string): { deltas: CompanionDelta[]; end: CompanionEnd | null } {
  return transcript.early.get(id) ?? { deltas: [], end: null }
}
