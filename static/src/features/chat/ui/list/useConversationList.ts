import { onScopeDispose, watch, type Ref } from 'vue'
import { fetchConversation, fetchConversations } from '@/features/chat/api/conversations'
import type { Conversation, ConversationPage, ConversationScope } from '@/shared/api/chatTypes'
import { lacksPreview, withConversation } from '@/features/chat/model/conversationList'
import { useKeysetList } from '@/shared/composables/useKeysetList'
import { useLiveRefresh } from '@/shared/realtime/useLiveRefresh'
import { onRealtime } from '@/shared/realtime/events'

/** One list of the inbox, kept in order by what happens. */
export function useConversationList(scope: Readonly<Ref<ConversationScope>>, role: 'student' | 'counsellor') {
  const list = useKeysetList<Conversation, ConversationPage>((after, signal) =>
    fetchConversations({ scope: scope.value, after, limit: 30 }, signal),
  )

  /** Puts a changed conversation into its place, or out of the list. */
  function take(changed: Conversation): void {
    if (list.firstPage.value) list.items.value = withConversation(list.items.value, changed, scope.value, role)
  }

  const stop = onRealtime('conversation.changed', ({ change, conversation, conversation_id }) => {
    if (change === 'left' || !conversation) list.remove(conversation_id)
    else take(conversation)
    void fillIn(conversation_id)
  })

  /** The words of the last message are not in every event. */
  async function fillIn(id: string): Promise<void> {
    const shown = list.items.value.find((item) => item.id === id)
    if (!shown || !lacksPreview(shown)) return
    try {
      take(await fetchConversation(id))
    } catch {
      // The row stays without them.
    }
  }

  // The queue belongs to all counsellors: its changes carry a number only.
  useLiveRefresh(
    ['queue.changed'],
    () => {
      if (scope.value === 'waiting') void list.reload()
    },
    400,
  )
  useLiveRefresh([], () => void list.reload())
  onScopeDispose(stop)
  watch(
    scope,
    () => {
      list.clear()
      void list.reload()
    },
    { immediate: true },
  )
  return { ...list, take }
}
