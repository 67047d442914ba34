/** Shapes of the AI companion (docs/api.md). */
import type { HelpCard } from './helpTypes'

export type AnswerStatus = 'streaming' | 'done' | 'stopped' | 'failed' | 'interrupted'
export type AnswerKind = 'model' | 'offline' | 'help_card'

export interface CompanionThread {
  id: string
  title: string
  created_at: string
  last_message_at: string
}

export interface CompanionQuestion {
  id: string
  thread_id: string
  role: 'student'
  client_id: string
  body: string
  created_at: string
}

export interface CompanionAnswer {
  id: string
  thread_id: string
  role: 'companion'
  question_id: string
  kind: AnswerKind
  status: AnswerStatus
  text: string
  /** Number of the last delta that `text` contains. */
  seq: number
  /** 1, 2, 3, … among the answers of the same question. */
  version: number
  /** Ids of all answers of the question, oldest first. */
  versions: string[]
  error: { code: string; message: string } | null
  /** The help card in the place of an answer, or under one of which a part is not shown. */
  help?: HelpCard | null
  created_at: string
  finished_at: string | null
}

export type CompanionMessage = CompanionQuestion | CompanionAnswer

export interface CompanionThreadDetail extends CompanionThread {
  /** Chronological: questions, each followed by the newest answer to it. */
  messages: CompanionMessage[]
  has_before: boolean
}

export interface CompanionInfo {
  provider: 'model' | 'offline'
  left_today: number
  limit_per_day: number
  disclosure: string
}

/** `companion.started`: a question was asked, here or on another device. */
export interface CompanionStarted {
  thread_id: string
  question: CompanionQuestion
  answer: CompanionAnswer
}

/** `companion.delta`: the next piece of an answer. */
export interface CompanionDelta {
  message_id: string
  /** From 1, without gaps. */
  seq: number
  text: string
}

/** `companion.done` and `companion.failed`: how an answer ended, with all of its text. */
export interface CompanionEnd {
  id?: string
  cursor?: string
  message_id: string
  thread_id: string
  seq: number
  status: AnswerStatus
  text: string
  kind: AnswerKind
  error: { code: string; message: string } | null
  help?: HelpCard | null
}
