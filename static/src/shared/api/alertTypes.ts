/** Shapes of the risk alerts. */
import type { AnswerOf, QueryOf, Schemas } from './contract'

/** An alert of a list, or of an event, which has no excerpt of what the student wrote. */
export type RiskAlert = Schemas['AlertNews'] & Partial<Pick<Schemas['Alert'], 'excerpt'>>
export type AlertFilter = NonNullable<QueryOf<'GET /alerts'>['state']>
export type AlertPage = AnswerOf<'GET /alerts'>
export type OpenedAlertChat = AnswerOf<'POST /alerts/{id}/chat'>
/** `risk.raised` calls this user; `risk.changed` moves the lists of everybody who may see alerts. */
export type AlertEvent = Pick<Schemas['EventData']['risk.raised'], 'id' | 'alert'>
