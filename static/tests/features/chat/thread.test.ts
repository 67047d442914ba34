import { createPinia, setActivePinia } from 'pinia'
import { effectScope, nextTick, ref } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MessagePage } from '@/shared/api/chatTypes'
import { ApiError } from '@/shared/api/problem'
import { useThread } from '@/features/chat/ui/thread/useThread'
import { forgetThread } from '@/features/chat/ui/thread/threadMemory'
import { emitRealtime } from '@/shared/realtime/events'
import { useSession } from '@/shared/session/session'
import { student } from '../../support/samples'
import { conversationOf, messageOf, pageOf } from './samples'

const api = vi.hoisted(() => ({
  fetchConversation: vi.fn(),
  fetchConversations: vi.fn(),
  fetchMessages: vi.fn(),
  markRead: vi.fn(),
  markDelivered: vi.fn(),
  editMessage: vi.fn(),
  deleteMessage: vi.fn(),
  sendText: vi.fn(),
  sendFile: vi.fn(),
}))
vi.mock('@/features/chat/api/conversations', () => api)

const channel = 'presence-conversation.c1'
let stop: () => void = () => undefined

async function openThread(id = 'c1') {
  const scope = effectScope()
  const current = ref(id)
  const thread = scope.run(() => useThread(current, { mayType: () => true }))
  if (!thread) throw new Error('no thread')
  stop = () => scope.stop()
  await settle()
  const seqs = () => thread.list.value.items.map(({ seq }) => seq)
  return { thread, current, seqs }
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
  await nextTick()
}

/** The newest `last` messages of the server, and what it answers for each question. */
function serveUpTo(last: number) {
  api.fetchMessages.mockImplementation(
    (_: string, query: { before_seq?: number; after_seq?: number; limit?: number }): Promise<MessagePage> => {
      const limit = query.limit ?? 20
      if (query.after_seq !== undefined) {
        const to = Math.min(last, query.after_seq + limit)
        return Promise.resolve(pageOf(query.after_seq + 1, to, { has_after: to < last }))
      }
      const to = query.before_seq === undefined ? last : query.before_seq - 1
      return Promise.resolve(pageOf(Math.max(1, to - limit + 1), to, { has_after: to < last }))
    },
  )
}

const conversation = (last: number, unread: number) =>
  conversationOf('c1', {
    last_seq: last,
    unread_count: unread,
    own: { delivered_seq: last, read_seq: last - unread },
    counsellor: { id: 'other', name: 'Bu Rina' },
  })

describe('an open conversation', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.resetAllMocks()
    setActivePinia(createPinia())
    useSession().user = student
    forgetThread('c1')
    api.fetchConversation.mockResolvedValue(conversation(3, 0))
    api.fetchConversations.mockResolvedValue({ items: [], next: null, unread_total: 0 })
    api.markRead.mockImplementation((_: string, seq: number) => Promise.resolve({ delivered_seq: seq, read_seq: seq, unread_count: 0 }))
    serveUpTo(3)
  })
  afterEach(() => {
    stop()
    vi.useRealTimers()
  })

  it('opens at the end when everything was read', async () => {
    const { thread, seqs } = await openThread()
    expect(seqs()).toEqual([1, 2, 3])
    expect(thread.newAfterSeq.value).toBeNull()
  })

  it('opens at the first unread message, however far back it is', async () => {
    serveUpTo(300)
    api.fetchConversation.mockResolvedValue(conversation(300, 200))
    const { thread, seqs } = await openThread()
    expect(thread.newAfterSeq.value).toBe(100)
    expect(seqs()[0]).toBe(89)
    expect(seqs()).toContain(101)
    expect(thread.list.value.hasAfter).toBe(true)
  })

  it('heals what a broken connection missed, page by page', async () => {
    const { seqs } = await openThread()
    serveUpTo(250)
    emitRealtime('channel.joined', { channel })
    await settle()
    expect(seqs()).toEqual(Array.from({ length: 250 }, (_, index) => index + 1))
  })

  it('asks for a missing message as soon as a later one arrives', async () => {
    const { seqs } = await openThread()
    serveUpTo(5)
    emitRealtime('message.created', { id: 'e5', message: messageOf(5) })
    expect(seqs()).toEqual([1, 2, 3])
    await settle()
    expect(seqs()).toEqual([1, 2, 3, 4, 5])
  })

  it('waits for the message itself before it asks, when the list of conversations hears of it first', async () => {
    const { seqs } = await openThread()
    api.fetchMessages.mockClear()
    emitRealtime('conversation.changed', { change: 'message', conversation_id: 'c1', conversation: conversation(4, 1) })
    await vi.advanceTimersByTimeAsync(100)
    emitRealtime('message.created', { id: 'e4', message: messageOf(4) })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(seqs()).toEqual([1, 2, 3, 4])
    expect(api.fetchMessages).not.toHaveBeenCalled()
  })

  it('does not mix a late page into another stretch', async () => {
    serveUpTo(300)
    api.fetchConversation.mockResolvedValue(conversation(300, 200))
    const { thread, seqs } = await openThread()
    let answer: (page: MessagePage) => void = () => undefined
    api.fetchMessages.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)))
    void thread.loadNewer()
    await thread.jumpToEnd()
    answer(pageOf(139, 188, { has_after: true }))
    await settle()
    expect(seqs()).toEqual(Array.from({ length: 50 }, (_, index) => index + 251))
    expect(thread.list.value.hasAfter).toBe(false)
  })

  it('shows a sent message at once, and once, whatever comes first', async () => {
    const { thread } = await openThread()
    let answer: (message: unknown) => void = () => undefined
    api.sendText.mockImplementation(() => new Promise((resolve) => (answer = resolve)))
    thread.send('Halo')
    const [, clientId] = api.sendText.mock.calls[0] ?? []
    const bodies = () =>
      thread.rows.value.flatMap((row) =>
        row.kind === 'message'
          ? [row.message.client_id]
          : row.kind === 'outgoing'
            ? [`${row.outgoing.clientId} ${row.outgoing.state}`]
            : [],
      )
    expect(bodies().at(-1)).toBe(`${clientId} sending`)
    const message = messageOf(4, { client_id: clientId, sender_id: student.id, body: 'Halo' })
    emitRealtime('message.created', { id: 'e4', message })
    answer(message)
    await settle()
    expect(bodies().filter((text) => text.startsWith(clientId))).toEqual([clientId])
  })

  it('says once what was read, and again after a failure', async () => {
    api.fetchConversation.mockResolvedValue(conversation(3, 2))
    const { thread } = await openThread()
    api.markRead.mockRejectedValueOnce(new ApiError({ code: 'client.offline' }))
    await thread.seen(3)
    await thread.seen(3)
    await thread.seen(2)
    expect(api.markRead.mock.calls.map(([, seq]) => seq)).toEqual([3, 3])
    expect(thread.conversation.value?.unread_count).toBe(0)
  })

  it('shows typing of the other side only, until the message is there', async () => {
    const { thread } = await openThread()
    emitRealtime('typing', { conversation_id: 'c1', user_id: student.id })
    expect(thread.isTyping.value).toBe(false)
    emitRealtime('typing', { conversation_id: 'c1', user_id: 'other' })
    expect(thread.isTyping.value).toBe(true)
    emitRealtime('message.created', { id: 'e4', message: messageOf(4) })
    expect(thread.isTyping.value).toBe(false)
  })

  it('moves the marks of the other side forward only', async () => {
    const { thread } = await openThread()
    emitRealtime('message.read', { conversation_id: 'c1', user_id: 'other', delivered_seq: 9, read_seq: 8 })
    emitRealtime('message.read', { conversation_id: 'c1', user_id: 'other', delivered_seq: 7, read_seq: 7 })
    emitRealtime('message.read', { conversation_id: 'c2', user_id: 'other', delivered_seq: 99, read_seq: 99 })
    expect(thread.otherMarks.value).toEqual({ delivered_seq: 9, read_seq: 8 })
  })

  it('shows nothing more of a conversation that was handed over', async () => {
    const { thread, seqs } = await openThread()
    emitRealtime('conversation.changed', { change: 'left', conversation_id: 'c1', conversation: null })
    expect(thread.isGone.value).toBe(true)
    expect(seqs()).toEqual([])
  })

  it('marks nothing as read on return before it knows what was unread', async () => {
    const { thread, current } = await openThread()
    current.value = 'c2'
    await settle()
    let answer: (conversation: unknown) => void = () => undefined
    api.fetchConversation.mockReturnValue(new Promise((resolve) => (answer = resolve)))
    serveUpTo(4)
    current.value = 'c1'
    await settle()
    // Remembered, joined and healed: the new message is on the screen before the server has said that it is new.
    emitRealtime('channel.joined', { channel })
    await settle()
    expect(thread.list.value.items.at(-1)?.seq).toBe(4)
    void thread.seen(4)
    await settle()
    answer(conversation(4, api.markRead.mock.calls.length > 0 ? 0 : 1))
    await settle()
    expect(thread.newAfterSeq.value).toBe(3)
    expect(api.markRead.mock.calls).toEqual([['c1', 4]])
    forgetThread('c2')
  })

  it('tells what was seen when the server does not say what was unread', async () => {
    const { thread, current } = await openThread()
    current.value = 'c2'
    await settle()
    api.fetchConversation.mockRejectedValue(new ApiError({ code: 'internal', status: 500 }))
    current.value = 'c1'
    await settle()
    await thread.seen(4)
    expect(api.markRead.mock.calls).toEqual([['c1', 4]])
    forgetThread('c2')
  })

  it('is on the screen again at once on return, and then made right', async () => {
    const { current, thread, seqs } = await openThread()
    api.fetchConversation.mockResolvedValue(conversationOf('c2'))
    current.value = 'c2'
    await settle()
    let answer: (value: unknown) => void = () => undefined
    api.fetchConversation.mockImplementation(() => new Promise((resolve) => (answer = resolve)))
    serveUpTo(4)
    current.value = 'c1'
    await nextTick()
    expect(seqs()).toEqual([1, 2, 3])
    expect(thread.isLoaded.value).toBe(true)
    answer(conversation(4, 1))
    await settle()
    expect(seqs()).toEqual([1, 2, 3, 4])
    forgetThread('c2')
  })
})
