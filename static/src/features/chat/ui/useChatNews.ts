import { onScopeDispose, watch } from 'vue'
import type { Conversation, ConversationChanged } from '@/shared/api/chatTypes'
import { onRealtime } from '@/shared/realtime/events'
import { useChatUnread } from '@/features/chat/store/chatUnread'
import { useSession } from '@/shared/session/session'
import { useSoundPrompt } from '@/shared/stores/soundPrompt'
import { useToasts } from '@/shared/stores/toasts'

/** Follows the user's conversations on every page: the unread number, the delivered marks, a toast and a sound. */
export function useChatNews(): void {
  const session = useSession()
  const unread = useChatUnread()
  const toasts = useToasts()
  const sound = useSoundPrompt()
  /** The newest message announced of each conversation: the same news also comes after a reconnect. */
  const announced = new Map<string, number>()

  const otherName = ({ student, counsellor }: Conversation) => (session.role === 'student' ? (counsellor?.name ?? '') : student.name)

  function announce(conversation: Conversation): void {
    const last = conversation.last_message
    if (!last || last.deleted || last.sender_id === session.user?.id || conversation.unread_count === 0) return
    if ((announced.get(conversation.id) ?? 0) >= last.seq) return
    announced.set(conversation.id, last.seq)
    if (unread.watchedId === conversation.id) return
    void sound.ring(`${conversation.id}:${last.seq}`)
    toasts.pushChat(conversation.id, otherName(conversation))
  }

  function follow({ change, conversation }: ConversationChanged): void {
    unread.refresh()
    if (!conversation || conversation.state === 'waiting') return
    unread.acknowledge(conversation)
    if (change === 'message') announce(conversation)
  }

  function start(): void {
    if (session.role !== 'student' && session.role !== 'counsellor') return
    void unread.load()
    if (session.role === 'counsellor') void unread.loadWaiting()
  }

  const stops = [
    onRealtime('conversation.changed', follow),
    // On a page without the conversation a message comes like this only when it was missed, for example while the page loaded.
    onRealtime('message.created', ({ message }) => {
      if (message.sender_id !== session.user?.id && message.conversation_id !== unread.watchedId) unread.catchUp()
    }),
    onRealtime('queue.changed', ({ waiting }) => (unread.waiting = waiting)),
    onRealtime('lists.stale', start),
  ]
  watch(
    () => session.user?.id,
    (id) => {
      unread.reset()
      announced.clear()
      if (id) start()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    for (const stop of stops) stop()
    unread.reset()
  })
}
