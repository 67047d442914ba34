import { request } from '@/shared/api/client'
import type { CompanionAnswer, CompanionInfo, CompanionThread, CompanionThreadDetail } from '@/shared/api/companionTypes'
import type { AnswerOf } from '@/shared/api/contract'
import type { Page } from '@/shared/api/types'

/** The model itself may be asked for a summary: longer than an ordinary request. */
const summaryTimeoutMs = 40_000

/** Who answers, and how much may be asked today. */
export function fetchCompanionInfo(signal?: AbortSignal): Promise<CompanionInfo> {
  return request('GET /companion', { signal })
}

export function fetchThreads(after: string | null, signal?: AbortSignal): Promise<Page<CompanionThread>> {
  return request('GET /companion/threads', { query: { after, limit: 30 }, signal })
}

/** One thread with its newest messages, or with those before the message `before`. */
export function fetchThread(id: string, before: string | null = null, signal?: AbortSignal): Promise<CompanionThreadDetail> {
  return request('GET /companion/threads/{id}', { path: { id }, query: { before }, signal })
}

export function createThread(idempotencyKey: string): Promise<CompanionThread> {
  return request('POST /companion/threads', { body: {}, idempotencyKey })
}

export function renameThread(id: string, title: string): Promise<CompanionThread> {
  return request('PATCH /companion/threads/{id}', { path: { id }, body: { title } })
}

export function deleteThread(id: string): Promise<void> {
  return request('DELETE /companion/threads/{id}', { path: { id } })
}

/** Asks. A repeat with the same `clientId` gets the first result. */
export function ask(threadId: string, clientId: string, body: string): Promise<AnswerOf<'POST /companion/threads/{id}/messages'>> {
  return request('POST /companion/threads/{id}/messages', { path: { id: threadId }, body: { client_id: clientId, body } })
}

/** The answer as far as it is now. */
export function fetchAnswer(id: string, signal?: AbortSignal): Promise<CompanionAnswer> {
  return request('GET /companion/messages/{id}', { path: { id }, signal })
}

/** Ends the answer and keeps what is there; a repeat changes nothing. */
export function stopAnswer(id: string): Promise<CompanionAnswer> {
  return request('POST /companion/messages/{id}/stop', { path: { id } })
}

/** Has the question answered once more, as a new version. */
export async function regenerateAnswer(id: string): Promise<CompanionAnswer> {
  return (await request('POST /companion/messages/{id}/regenerate', { path: { id } })).answer
}

/** Proposes what to tell a counsellor about the thread. */
export async function proposeSummary(threadId: string, signal?: AbortSignal): Promise<string> {
  const answer = await request('POST /companion/threads/{id}/summary', {
    path: { id: threadId },
    signal,
    timeoutMs: summaryTimeoutMs,
  })
  return answer.summary
}

/** What a student takes from the companion: a chat that was opened (201), or the beginning of a booking (200). */
type HandedOver = AnswerOf<'POST /companion/threads/{id}/hand-over'>
export type OpenedChat = Extract<HandedOver, { conversation_id: string }>
export type BegunBooking = Extract<HandedOver, { topic: string }>

/** Opens a chat with the counsellors that begins with `summary`. */
export async function handOverToChat(threadId: string, summary: string, idempotencyKey: string): Promise<OpenedChat> {
  return (await handOver('chat', threadId, summary, idempotencyKey)) as OpenedChat
}

/** Turns `summary` into what the booking form asks for. */
export async function handOverToBooking(threadId: string, summary: string, idempotencyKey: string): Promise<BegunBooking> {
  return (await handOver('booking', threadId, summary, idempotencyKey)) as BegunBooking
}

/** The description cannot say that `to` decides which answer comes. */
function handOver(to: 'chat' | 'booking', id: string, summary: string, idempotencyKey: string): Promise<HandedOver> {
  return request('POST /companion/threads/{id}/hand-over', { path: { id }, body: { to, summary }, idempotencyKey })
}
