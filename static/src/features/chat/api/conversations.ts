import type {
  CannedReply,
  ChatPreferences,
  Conversation,
  ConversationPage,
  ConversationScope,
  MarkAnswer,
  Message,
  MessageHit,
  MessagePage,
  PrivateNote,
} from '@/shared/api/chatTypes'
import { request } from '@/shared/api/client'
import { postForm, type MultipartOptions } from '@/shared/api/multipart'
import type { Page, SignedLink } from '@/shared/api/types'

export interface ConversationQuery {
  scope: ConversationScope
  query?: string
  after?: string | null
  limit?: number
}

const pathOf = (id: string) => `/conversations/${encodeURIComponent(id)}`
const messagePath = (message: Pick<Message, 'id' | 'conversation_id'>) =>
  `${pathOf(message.conversation_id)}/messages/${encodeURIComponent(message.id)}`

/** One page of conversations with the user's unread total. */
export function fetchConversations(query: ConversationQuery, signal?: AbortSignal): Promise<ConversationPage> {
  return request('/conversations', { query: { ...query }, signal })
}

/** One conversation as this user sees it. */
export function fetchConversation(id: string, signal?: AbortSignal): Promise<Conversation> {
  return request(pathOf(id), { signal })
}

/** Opens a conversation or finds the live one; without `counsellor_id` it waits in the queue. */
export function openConversation(
  opening: {
    counsellor_id?: string
    student_id?: string
    subject?: string
    first_message?: { client_id: string; body: string }
  },
  idempotencyKey: string,
): Promise<Conversation> {
  return request('/conversations', { method: 'POST', body: opening, idempotencyKey })
}

/** Takes whoever waits longest; null when nobody waits. A repeat under the same key takes nobody else. */
export async function takeNextConversation(idempotencyKey: string): Promise<Conversation | null> {
  return (await request<Conversation | undefined>('/conversations/next', { method: 'POST', body: {}, idempotencyKey })) ?? null
}

/** Hands the conversation over; the asking counsellor loses it at once. */
export function transferConversation(id: string, counsellorId: string, note: string, idempotencyKey: string): Promise<unknown> {
  return request(`${pathOf(id)}/transfer`, { method: 'POST', body: { counsellor_id: counsellorId, note }, idempotencyKey })
}

export function closeConversation(id: string, idempotencyKey: string): Promise<Conversation> {
  return request(`${pathOf(id)}/close`, { method: 'POST', body: {}, idempotencyKey })
}

export function reopenConversation(id: string, idempotencyKey: string): Promise<Conversation> {
  return request(`${pathOf(id)}/reopen`, { method: 'POST', body: {}, idempotencyKey })
}

export interface HistoryQuery {
  before_seq?: number
  after_seq?: number
  /** RFC 3339. */
  around?: string
  limit?: number
}

/** A stretch of the history, by rising seq. */
export function fetchMessages(id: string, query: HistoryQuery, signal?: AbortSignal): Promise<MessagePage> {
  return request(`${pathOf(id)}/messages`, { query: { ...query }, signal })
}

/** Sends a text. A repeat with the same `clientId` returns the first result. */
export function sendText(
  id: string,
  clientId: string,
  body: string,
  options: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<Message> {
  return request(`${pathOf(id)}/messages`, { method: 'POST', body: { client_id: clientId, body }, ...options })
}

/** Sends a file, with progress. The text fields go first. Throws like `postForm`. */
export function sendFile(
  id: string,
  outgoing: { clientId: string; body: string; file: File },
  options: MultipartOptions,
): Promise<Message> {
  const form = new FormData()
  form.set('client_id', outgoing.clientId)
  if (outgoing.body) form.set('body', outgoing.body)
  form.set('file', outgoing.file, outgoing.file.name)
  return postForm(`${pathOf(id)}/messages`, form, options)
}

/** Changes an own message; 409 `messages.too_late` after 15 minutes. */
export function editMessage(message: Message, body: string): Promise<Message> {
  return request(messagePath(message), { method: 'PATCH', body: { body } })
}

/** Deletes an own message; a tombstone stays. */
export function deleteMessage(message: Message): Promise<Message> {
  return request(messagePath(message), { method: 'DELETE' })
}

/** A signed address of an attachment. */
export function fetchAttachmentLink(
  message: Pick<Message, 'id' | 'conversation_id'>,
  disposition: 'inline' | 'attachment',
  signal?: AbortSignal,
): Promise<SignedLink> {
  return request(`${messagePath(message)}/link`, { query: { disposition }, signal })
}

/** The earlier texts of an edited message; counsellors only. */
export async function fetchEdits(message: Message): Promise<{ body: string; edited_at: string }[]> {
  const answer = await request<{ items: { body: string; edited_at: string }[] }>(`${messagePath(message)}/history`)
  return answer.items
}

/** Says how far messages arrived on this user's devices. */
export function markDelivered(id: string, seq: number): Promise<MarkAnswer> {
  return request(`${pathOf(id)}/delivered`, { method: 'POST', body: { seq } })
}

/** Says how far this user has read. */
export function markRead(id: string, seq: number): Promise<MarkAnswer> {
  return request(`${pathOf(id)}/read`, { method: 'POST', body: { seq } })
}

/** Messages that contain the words, newest first, of conversations this user is in. */
export function searchMessages(
  query: { query: string; after?: string | null; limit?: number },
  signal?: AbortSignal,
): Promise<Page<MessageHit>> {
  return request('/conversations/search', { query, signal })
}

export async function fetchNotes(id: string, signal?: AbortSignal): Promise<PrivateNote[]> {
  return (await request<{ items: PrivateNote[] }>(`${pathOf(id)}/notes`, { signal })).items
}

export function addNote(id: string, body: string, idempotencyKey: string): Promise<PrivateNote> {
  return request(`${pathOf(id)}/notes`, { method: 'POST', body: { body }, idempotencyKey })
}

export async function fetchCannedReplies(signal?: AbortSignal): Promise<CannedReply[]> {
  return (await request<{ items: CannedReply[] }>('/canned-replies', { query: { limit: 100 }, signal })).items
}

export function createCannedReply(reply: Omit<CannedReply, 'id'>, idempotencyKey: string): Promise<CannedReply> {
  return request('/canned-replies', { method: 'POST', body: reply, idempotencyKey })
}

export function updateCannedReply(id: string, changes: Partial<Omit<CannedReply, 'id'>>): Promise<CannedReply> {
  return request(`/canned-replies/${encodeURIComponent(id)}`, { method: 'PATCH', body: changes })
}

export function deleteCannedReply(id: string): Promise<void> {
  return request(`/canned-replies/${encodeURIComponent(id)}`, { method: 'DELETE' })
}

export function fetchChatPreferences(signal?: AbortSignal): Promise<ChatPreferences> {
  return request('/chat-preferences', { signal })
}

export function saveChatPreferences(preferences: ChatPreferences): Promise<ChatPreferences> {
  return request('/chat-preferences', { method: 'PUT', body: preferences })
}
