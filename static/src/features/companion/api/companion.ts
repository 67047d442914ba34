import { request } from '@/shared/api/client'
import type { CompanionAnswer, CompanionInfo, CompanionQuestion, CompanionThread, CompanionThreadDetail } from '@/shared/api/companionTypes'
import type { Page } from '@/shared/api/types'

/** The model itself may be asked for a summary: longer than an ordinary request. */
const summaryTimeoutMs = 40_000

const threadPath = (id: string) => `/companion/threads/${encodeURIComponent(id)}`
const answerPath = (id: string) => `/companion/messages/${encodeURIComponent(id)}`

/** Who answers, and how much may be asked today. */
export function fetchCompanionInfo(signal?: AbortSignal): Promise<CompanionInfo> {
  return request('/companion', { signal })
}

export function fetchThreads(after: string | null, signal?: AbortSignal): Promise<Page<CompanionThread>> {
  return request('/companion/threads', { query: { after, limit: 30 }, signal })
}

/** One thread with its newest messages, or with those before the message `before`. */
export function fetchThread(id: string, before: string | null = null, signal?: AbortSignal): Promise<CompanionThreadDetail> {
  return request(threadPath(id), { query: { before }, signal })
}

export function createThread(idempotencyKey: string): Promise<CompanionThread> {
  return request('/companion/threads', { method: 'POST', body: {}, idempotencyKey })
}

export function renameThread(id: string, title: string): Promise<CompanionThread> {
  return request(threadPath(id), { method: 'PATCH', body: { title } })
}

export function deleteThread(id: string): Promise<void> {
  return request(threadPath(id), { method: 'DELETE' })
}

/** Asks. A repeat with the same `clientId` gets the first result. */
export function ask(threadId: string, clientId: string, body: string): Promise<{ question: CompanionQuestion; answer: CompanionAnswer }> {
  return request(`${threadPath(threadId)}/messages`, { method: 'POST', body: { client_id: clientId, body } })
}

/** The answer as far as it is now. */
export function fetchAnswer(id: string, signal?: AbortSignal): Promise<CompanionAnswer> {
  return request(answerPath(id), { signal })
}

/** Ends the answer and keeps what is there; a repeat changes nothing. */
export function stopAnswer(id: string): Promise<CompanionAnswer> {
  return request(`${answerPath(id)}/stop`, { method: 'POST', body: {} })
}

/** Has the question answered once more, as a new version. */
export async function regenerateAnswer(id: string): Promise<CompanionAnswer> {
  return (await request<{ answer: CompanionAnswer }>(`${answerPath(id)}/regenerate`, { method: 'POST', body: {} })).answer
}

/** Proposes what to tell a counsellor about the thread. */
export async function proposeSummary(threadId: string, signal?: AbortSignal): Promise<string> {
  const answer = await request<{ summary: string }>(`${threadPath(threadId)}/summary`, {
    method: 'POST',
    body: {},
    signal,
    timeoutMs: summaryTimeoutMs,
  })
  return answer.summary
}

/** Opens a chat with the counsellors that begins with `summary`. */
export function handOverToChat(threadId: string, summary: string, idempotencyKey: string): Promise<{ conversation_id: string }> {
  return request(`${threadPath(threadId)}/hand-over`, { method: 'POST', body: { to: 'chat', summary }, idempotencyKey })
}

/** Turns `summary` into what the booking form asks for. */
export function handOverToBooking(threadId: string, summary: string, idempotencyKey: string): Promise<{ topic: string; note: string }> {
  return request(`${threadPath(threadId)}/hand-over`, { method: 'POST', body: { to: 'booking', summary }, idempotencyKey })
}
