/** Shapes of the AI companion. */
import type { AnswerOf, Schemas } from './contract'

export type CompanionThread = Schemas['Thread']
export type CompanionQuestion = Schemas['Question']
export type CompanionAnswer = Schemas['Answer']
/** What went wrong with an answer. */
export type AnswerFault = Schemas['AnswerFault']
export type AnswerStatus = CompanionAnswer['status']
export type AnswerKind = CompanionAnswer['kind']
export type CompanionMessage = CompanionQuestion | CompanionAnswer
export type CompanionThreadDetail = AnswerOf<'GET /companion/threads/{id}'>
export type CompanionInfo = AnswerOf<'GET /companion'>
/** `companion.started`: a question was asked, here or on another device. */
export type CompanionStarted = Schemas['EventData']['companion.started']
/** `companion.delta`: the next piece of an answer. */
export type CompanionDelta = Schemas['EventData']['companion.delta']
/** `companion.done` and `companion.failed`: how an answer ended, with all of its text. */
export type CompanionEnd = Omit<Schemas['EventData']['companion.done' | 'companion.failed'], 'cursor'>
