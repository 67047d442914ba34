import type { ApiError, ProblemCode } from '@/shared/api/problem'

/** `queued`: waits for the network or for its turn; `sending`: on its way; `failed`: refused, only the user can help. */
export type OutgoingState = 'queued' | 'sending' | 'failed'

/** A message that the server has not acknowledged yet. */
export interface Outgoing {
  /** UUIDv7; the server knows repeats by it. */
  clientId: string
  conversationId: string
  body: string
  file: File | null
  createdAt: string
  state: OutgoingState
  attempts: number
  /** Not to be tried before this moment (ms since the epoch). */
  notBefore: number
  errorCode: ProblemCode | null
  /** 0..1 of a file that is leaving. */
  progress: number
}

/** Everything unacknowledged, in the order it was written. Lives in memory only. */
export type Outbox = readonly Outgoing[]

const retryBaseMs = 1_000
const retryMaxMs = 30_000
const transientStatus = new Set([0, 401, 408, 425, 429])

/** How long to wait before try number `attempts` + 1: doubles from 1 s up to 30 s, less up to 30 % by `random`. */
export function retryDelayMs(attempts: number, random = Math.random()): number {
  const ceiling = Math.min(retryMaxMs, retryBaseMs * 2 ** Math.max(0, attempts - 1))
  return Math.round(ceiling * (1 - 0.3 * random))
}

/** True when the same send may work later: no answer came, or one that says so (`conflict`: many write at once). Everything else is a refusal. */
export function isTransient(error: ApiError): boolean {
  if (error.code === 'client.aborted') return false
  return transientStatus.has(error.status) || error.status >= 500 || error.code === 'client.unreadable' || error.code === 'conflict'
}

export function enqueue(outbox: Outbox, draft: Pick<Outgoing, 'clientId' | 'conversationId' | 'body' | 'file' | 'createdAt'>): Outbox {
  if (outbox.some(({ clientId }) => clientId === draft.clientId)) return outbox
  return [...outbox, { ...draft, state: 'queued', attempts: 0, notBefore: 0, errorCode: null, progress: 0 }]
}

/**
 * What to send now: of each conversation the first one that did not fail, when it is due and nothing of that conversation is
 * on its way. One at a time keeps the order; a refused one does not hold up the rest.
 */
export function dueNow(outbox: Outbox, nowMs: number): Outgoing[] {
  return headsOf(outbox).filter(({ state, notBefore }) => state === 'queued' && notBefore <= nowMs)
}

/** How many ms until something becomes due; null when nothing waits for time. */
export function nextDueInMs(outbox: Outbox, nowMs: number): number | null {
  const waits = headsOf(outbox)
    .filter(({ state }) => state === 'queued')
    .map(({ notBefore }) => Math.max(0, notBefore - nowMs))
  return waits.length === 0 ? null : Math.min(...waits)
}

export function withSending(outbox: Outbox, clientId: string): Outbox {
  return change(outbox, clientId, (item) => ({ ...item, state: 'sending', attempts: item.attempts + 1, progress: 0, errorCode: null }))
}

export function withProgress(outbox: Outbox, clientId: string, progress: number): Outbox {
  return change(outbox, clientId, (item) => ({ ...item, progress }))
}

/** No answer, or "later": the same send again after `delayMs`. */
export function withPostponed(outbox: Outbox, clientId: string, nowMs: number, delayMs: number): Outbox {
  return change(outbox, clientId, (item) => ({ ...item, state: 'queued', notBefore: nowMs + delayMs, progress: 0 }))
}

export function withRefusal(outbox: Outbox, clientId: string, errorCode: ProblemCode): Outbox {
  return change(outbox, clientId, (item) => ({ ...item, state: 'failed', errorCode, progress: 0 }))
}

/** The user tries a refused one again: it goes to the end, where its `seq` will put it too. */
export function withRetry(outbox: Outbox, clientId: string): Outbox {
  const item = outbox.find((candidate) => candidate.clientId === clientId)
  if (!item || item.state !== 'failed') return outbox
  return [...without(outbox, clientId), { ...item, state: 'queued', attempts: 0, notBefore: 0, errorCode: null }]
}

/** Acknowledged, or thrown away by the user. */
export function without(outbox: Outbox, clientId: string): Outbox {
  return outbox.some((item) => item.clientId === clientId) ? outbox.filter((item) => item.clientId !== clientId) : outbox
}

/** The network is back: whatever waits is due. */
export function withAllDue(outbox: Outbox): Outbox {
  return outbox.map((item) => (item.state === 'queued' ? { ...item, notBefore: 0 } : item))
}

function headsOf(outbox: Outbox): Outgoing[] {
  const heads = new Map<string, Outgoing>()
  for (const item of outbox) {
    if (item.state !== 'failed' && !heads.has(item.conversationId)) heads.set(item.conversationId, item)
  }
  return [...heads.values()]
}

function change(outbox: Outbox, clientId: string, to: (item: Outgoing) => Outgoing): Outbox {
  return outbox.map((item) => (item.clientId === clientId ? to(item) : item))
}
