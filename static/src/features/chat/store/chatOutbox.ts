import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { sendFile, sendText } from '@/features/chat/api/conversations'
import type { Outbox } from '@/features/chat/model/outbox'
import { OutboxRunner } from '@/features/chat/model/outboxRunner'
import { newUuidV7 } from '@/features/chat/model/uuidv7'
import { emitRealtime, onRealtime } from '@/shared/realtime/events'
import { useSession } from '@/shared/session/session'

const textTimeoutMs = 12_000

/** What was written and is not acknowledged yet, on every page of this tab. Memory only: a closed tab loses it, so leaving asks. */
export const useChatOutbox = defineStore('chatOutbox', () => {
  const session = useSession()
  const items = shallowRef<Outbox>([])
  const isOnline = shallowRef(navigator.onLine)

  const runner = new OutboxRunner({
    send: ({ conversationId, clientId, body, file }, { signal, onProgress }) =>
      file
        ? sendFile(conversationId, { clientId, body, file }, { signal, onProgress })
        : sendText(conversationId, clientId, body, { signal, timeoutMs: textTimeoutMs }),
    // The open thread takes it like any other message; the socket may bring it too.
    onAcknowledged: (message) => emitRealtime('message.created', { id: `answer:${message.id}`, message }),
    onChange: (changed) => (items.value = changed),
    isOnline: () => isOnline.value,
  })

  function follow(): void {
    isOnline.value = navigator.onLine
    runner.wake()
  }

  addEventListener('online', follow)
  addEventListener('offline', follow)
  addEventListener('beforeunload', (event) => {
    if (items.value.length > 0) event.preventDefault()
  })
  onRealtime('message.created', ({ message }) => runner.notice(message))
  onRealtime('lists.stale', follow)
  watch(
    () => session.user?.id,
    () => runner.reset(),
  )

  /** Sends a text or a file, as soon as it can. */
  function send(conversationId: string, body: string, file: File | null = null): string {
    const clientId = newUuidV7()
    runner.enqueue({ clientId, conversationId, body, file, createdAt: new Date().toISOString() })
    return clientId
  }

  return {
    items,
    isOnline,
    waitingCount: computed(() => items.value.filter(({ state }) => state !== 'failed').length),
    send,
    retry: (clientId: string) => runner.retry(clientId),
    discard: (clientId: string) => runner.discard(clientId),
  }
})
