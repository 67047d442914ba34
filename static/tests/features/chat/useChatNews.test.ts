import { createPinia, setActivePinia } from 'pinia'
import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Message } from '@/shared/api/chatTypes'

const api = vi.hoisted(() => ({ fetchConversations: vi.fn(), markDelivered: vi.fn() }))
vi.mock('@/features/chat/api/conversations', () => api)

const { useChatNews } = await import('@/features/chat/ui/useChatNews')
const { useChatUnread } = await import('@/features/chat/store/chatUnread')
const { useSession } = await import('@/shared/session/session')
const { emitRealtime } = await import('@/shared/realtime/events')

const conversation = {
  id: 'c1',
  state: 'open',
  last_seq: 4,
  unread_count: 1,
  own: { delivered_seq: 3, read_seq: 3 },
  student: { id: 's1', name: 'Ana' },
  counsellor: null,
  last_message: null,
}
const messageFrom = (sender_id: string) => ({ id: `m-${sender_id}`, message: { conversation_id: 'c1', sender_id, seq: 4 } as Message })

describe('useChatNews', () => {
  const scope = effectScope()

  beforeEach(async () => {
    vi.useFakeTimers()
    setActivePinia(createPinia())
    useSession().user = { id: 'g1', name: 'Guru', role: 'counsellor', login: 'guru1' } as never
    api.fetchConversations.mockResolvedValue({ items: [], unread_total: 0, next: null })
    api.markDelivered.mockResolvedValue(undefined)
    scope.run(useChatNews)
    await vi.advanceTimersByTimeAsync(0)
    api.fetchConversations.mockResolvedValue({ items: [conversation], unread_total: 1, next: null })
  })
  afterEach(() => {
    scope.stop()
    vi.useRealTimers()
    vi.resetAllMocks()
  })

  it('acknowledges and counts a message that was sent while the page loaded, and not the own ones', async () => {
    emitRealtime('message.created', messageFrom('g1'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(api.markDelivered).not.toHaveBeenCalled()
    emitRealtime('message.created', messageFrom('s1'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(api.markDelivered).toHaveBeenCalledExactlyOnceWith('c1', 4)
    expect(useChatUnread().total).toBe(1)
  })
})
