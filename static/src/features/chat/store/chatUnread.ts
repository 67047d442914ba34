import { defineStore } from 'pinia'
import { ref } from 'vue'
import { fetchConversations, markDelivered } from '@/features/chat/api/conversations'
import type { Conversation } from '@/shared/api/chatTypes'
import { coalesce } from '@/shared/realtime/jitter'

const catchUpLimit = 50

/** How much of the chat is unread, for every page; and the other side learns that messages arrived here. */
export const useChatUnread = defineStore('chatUnread', () => {
  const total = ref(0)
  /** Students in the queue; counsellors only. */
  const waiting = ref(0)
  /** The conversation whose newest messages are on the screen and looked at. */
  const watchedId = ref<string | null>(null)
  const deliveredUpTo = new Map<string, number>()
  const refresh = coalesce(
    () => void load(1),
    150,
    () => 250,
  )
  const catchUp = coalesce(
    () => void load(),
    150,
    () => 250,
  )

  /** Asks for the server's number; with a larger `limit` also acknowledges what arrived while nobody was connected. */
  async function load(limit = catchUpLimit): Promise<void> {
    try {
      const page = await fetchConversations({ scope: 'mine', limit })
      total.value = page.unread_total
      for (const conversation of page.items) acknowledge(conversation)
    } catch {
      // The number stays as it is; the next event or reconnect asks again.
    }
  }

  async function loadWaiting(): Promise<void> {
    try {
      waiting.value = (await fetchConversations({ scope: 'waiting', limit: 100 })).items.length
    } catch {
      // As above.
    }
  }

  /** Tells the server once how far messages arrived on this user's devices. */
  function acknowledge(conversation: Conversation): void {
    const { id, last_seq, own, state } = conversation
    if (state === 'closed' || own.delivered_seq >= last_seq || (deliveredUpTo.get(id) ?? 0) >= last_seq) return
    deliveredUpTo.set(id, last_seq)
    void markDelivered(id, last_seq).catch(() => deliveredUpTo.delete(id))
  }

  function reset(): void {
    refresh.cancel()
    catchUp.cancel()
    deliveredUpTo.clear()
    total.value = 0
    waiting.value = 0
    watchedId.value = null
  }

  return { total, waiting, watchedId, load, loadWaiting, refresh: refresh.request, catchUp: catchUp.request, acknowledge, reset }
})
