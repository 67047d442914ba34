import type { Conversation } from '@/shared/api/chatTypes'
import type { MessageList } from '@/features/chat/model/messageList'

interface Remembered {
  conversation: Conversation
  list: MessageList
}

/** Only as many messages as one question to the server brings up to date again: edits and deletions must not be missed. */
const keptMessages = 50
const keptThreads = 12
const threads = new Map<string, Remembered>()
let ownerId = ''

/** What was on the screen of this conversation, to be shown at once while the newest is on its way. */
export function recallThread(conversationId: string): Remembered | null {
  return threads.get(conversationId) ?? null
}

/** Keeps the end of the thread in memory; the oldest visit is forgotten first. */
export function rememberThread(conversationId: string, { conversation, list }: Remembered): void {
  const items = list.items.slice(-keptMessages)
  threads.delete(conversationId)
  threads.set(conversationId, {
    conversation,
    list: { ...list, items, ahead: [], hasBefore: list.hasBefore || items.length < list.items.length },
  })
  const oldest = threads.keys().next().value
  if (threads.size > keptThreads && oldest !== undefined) threads.delete(oldest)
}

/** Another user's eyes must not see them: forgets everything when the owner changes. */
export function rememberFor(userId: string): void {
  if (userId === ownerId) return
  ownerId = userId
  threads.clear()
}

/** The conversation was handed over: nothing of it stays. */
export function forgetThread(conversationId: string): void {
  threads.delete(conversationId)
}
