import type { Conversation, ConversationScope } from '@/shared/api/chatTypes'

/** True when the conversation belongs into this list of the user. */
export function isInScope(conversation: Conversation, scope: ConversationScope, role: 'student' | 'counsellor'): boolean {
  if (scope === 'closed') return conversation.state === 'closed'
  if (scope === 'waiting') return conversation.state === 'waiting'
  return conversation.state === 'open' || (conversation.state === 'waiting' && role === 'student')
}

/** Puts a changed conversation where it belongs, or takes it out of a list it left. */
export function withConversation(
  list: readonly Conversation[],
  changed: Conversation,
  scope: ConversationScope,
  role: 'student' | 'counsellor',
): Conversation[] {
  const others = list.filter(({ id }) => id !== changed.id)
  if (!isInScope(changed, scope, role)) return others
  const known = list.find(({ id }) => id === changed.id)
  return sorted([...others, withKnownPreview(changed, known)], scope)
}

/** True when the event left out what was said last, as events that are kept do. */
export function lacksPreview({ last_message }: Conversation): boolean {
  return last_message !== null && last_message.preview === '' && !last_message.deleted
}

/** The words of the last message, from before when the event left them out. */
function withKnownPreview(changed: Conversation, known: Conversation | undefined): Conversation {
  if (!changed.last_message || !lacksPreview(changed) || known?.last_message?.seq !== changed.last_message.seq) return changed
  return { ...changed, last_message: { ...changed.last_message, preview: known.last_message.preview } }
}

/** The queue: who waits longest first. Everything else: what happened last first. */
export function sorted(list: readonly Conversation[], scope: ConversationScope): Conversation[] {
  const at = (item: Conversation) => item.last_message?.created_at ?? item.created_at
  if (scope === 'waiting') return [...list].sort((a, b) => waitingAt(a).localeCompare(waitingAt(b)) || a.id.localeCompare(b.id))
  return [...list].sort((a, b) => at(b).localeCompare(at(a)) || b.id.localeCompare(a.id))
}

function waitingAt(item: Conversation): string {
  return item.waiting_since ?? item.created_at
}
