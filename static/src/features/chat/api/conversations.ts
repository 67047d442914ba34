import type {
  CannedReply,
  ChatPreferences,
  Conversation,
  ConversationPage,
  MarkAnswer,
  Message,
  MessageHit,
  MessagePage,
  PrivateNote,
} from '@/shared/api/chatTypes'
import { request } from '@/shared/api/client'
import type { AddressOf, BodyOf, ItemOf, QueryOf } from '@/shared/api/contract'
import { postForm, type MultipartOptions } from '@/shared/api/multipart'
import type { Page, SignedLink } from '@/shared/api/types'

export type ConversationQuery = NonNullable<AddressOf<'GET /conversations'>['query']>

const pathOf = ({ id, conversation_id }: Pick<Message, 'id' | 'conversation_id'>) => ({ id: conversation_id, message_id: id })

/** One page of conversations with the user's unread total. */
export function fetchConversations(query: ConversationQuery, signal?: AbortSignal): Promise<ConversationPage> {
  return request('GET /conversations', { query, signal })
}

/** One conversation as this user sees it. */
export function fetchConversation(id: string, signal?: AbortSignal): Promise<Conversation> {
  return request('GET /conversations/{id}', { path: { id }, signal })
}

/** Opens a conversation or finds the live one; without `counsellor_id` it waits in the queue. */
export function openConversation(opening: BodyOf<'POST /conversations'>, idempotencyKey: string): Promise<Conversation> {
  return request('POST /conversations', { body: opening, idempotencyKey })
}

/** Takes whoever waits longest; null when nobody waits. A repeat under the same key takes nobody else. */
export async function takeNextConversation(idempotencyKey: string): Promise<Conversation | null> {
  return (await request('POST /conversations/next', { idempotencyKey })) ?? null
}

/** Hands the conversation over; the asking counsellor loses it at once. */
export function transferConversation(id: string, counsellorId: string, note: string, idempotencyKey: string): Promise<void> {
  return request('POST /conversations/{id}/transfer', { path: { id }, body: { counsellor_id: counsellorId, note }, idempotencyKey })
}

export function closeConversation(id: string, idempotencyKey: string): Promise<Conversation> {
  return request('POST /conversations/{id}/close', { path: { id }, idempotencyKey })
}

export function reopenConversation(id: string, idempotencyKey: string): Promise<Conversation> {
  return request('POST /conversations/{id}/reopen', { path: { id }, idempotencyKey })
}

export type HistoryQuery = QueryOf<'GET /conversations/{id}/messages'>

/** A stretch of the history, by rising seq. */
export function fetchMessages(id: string, query: HistoryQuery, signal?: AbortSignal): Promise<MessagePage> {
  return request('GET /conversations/{id}/messages', { path: { id }, query, signal })
}

/** Sends a text. A repeat with the same `clientId` returns the first result. */
export function sendText(
  id: string,
  clientId: string,
  body: string,
  options: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<Message> {
  return request('POST /conversations/{id}/messages', { path: { id }, body: { client_id: clientId, body }, ...options })
}

/** Sends a file, with progress. Throws like `postForm`. */
export function sendFile(
  id: string,
  outgoing: { clientId: string; body: string; file: File },
  options: MultipartOptions,
): Promise<Message> {
  const { clientId, body, file } = outgoing
  const fields = { client_id: clientId, body: body || undefined, file }
  return postForm('POST /conversations/{id}/messages', fields, options, { path: { id } })
}

/** Changes an own message; 409 `messages.too_late` after 15 minutes. */
export function editMessage(message: Message, body: string): Promise<Message> {
  return request('PATCH /conversations/{id}/messages/{message_id}', { path: pathOf(message), body: { body } })
}

/** Deletes an own message; a tombstone stays. */
export function deleteMessage(message: Message): Promise<Message> {
  return request('DELETE /conversations/{id}/messages/{message_id}', { path: pathOf(message) })
}

/** A signed address of an attachment. */
export function fetchAttachmentLink(
  message: Pick<Message, 'id' | 'conversation_id'>,
  disposition: 'inline' | 'attachment',
  signal?: AbortSignal,
): Promise<SignedLink> {
  return request('GET /conversations/{id}/messages/{message_id}/link', { path: pathOf(message), query: { disposition }, signal })
}

/** An earlier text of a message. */
export type MessageEdit = ItemOf<'GET /conversations/{id}/messages/{message_id}/history'>

/** The earlier texts of an edited message; counsellors only. */
export async function fetchEdits(message: Message): Promise<MessageEdit[]> {
  return (await request('GET /conversations/{id}/messages/{message_id}/history', { path: pathOf(message) })).items
}

/** Says how far messages arrived on this user's devices. */
export function markDelivered(id: string, seq: number): Promise<MarkAnswer> {
  return request('POST /conversations/{id}/delivered', { path: { id }, body: { seq } })
}

/** Says how far this user has read. */
export function markRead(id: string, seq: number): Promise<MarkAnswer> {
  return request('POST /conversations/{id}/read', { path: { id }, body: { seq } })
}

/** Messages that contain the words, newest first, of conversations this user is in. */
export function searchMessages(query: AddressOf<'GET /conversations/search'>['query'], signal?: AbortSignal): Promise<Page<MessageHit>> {
  return request('GET /conversations/search', { query, signal })
}

export async function fetchNotes(id: string, signal?: AbortSignal): Promise<PrivateNote[]> {
  return (await request('GET /conversations/{id}/notes', { path: { id }, signal })).items
}

export function addNote(id: string, body: string, idempotencyKey: string): Promise<PrivateNote> {
  return request('POST /conversations/{id}/notes', { path: { id }, body: { body }, idempotencyKey })
}

export async function fetchCannedReplies(signal?: AbortSignal): Promise<CannedReply[]> {
  return (await request('GET /canned-replies', { query: { limit: 100 }, signal })).items
}

export function createCannedReply(reply: Omit<CannedReply, 'id'>, idempotencyKey: string): Promise<CannedReply> {
  return request('POST /canned-replies', { body: reply, idempotencyKey })
}

export function updateCannedReply(id: string, changes: BodyOf<'PATCH /canned-replies/{id}'>): Promise<CannedReply> {
  return request('PATCH /canned-replies/{id}', { path: { id }, body: changes })
}

export function deleteCannedReply(id: string): Promise<void> {
  return request('DELETE /canned-replies/{id}', { path: { id } })
}

export function fetchChatPreferences(signal?: AbortSignal): Promise<ChatPreferences> {
  return request('GET /chat-preferences', { signal })
}

export function saveChatPreferences(preferences: ChatPreferences): Promise<ChatPreferences> {
  return request('PUT /chat-preferences', { body: preferences })
}
