import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Message } from '@/shared/api/chatTypes'
import { ApiError } from '@/shared/api/problem'
import { emptyList, hasGap, lastSeqOf, withMessage, withNewerPage, withPage, type MessageList } from '@/features/chat/model/messageList'
import type { Outbox, Outgoing } from '@/features/chat/model/outbox'
import { OutboxRunner } from '@/features/chat/model/outboxRunner'
import { newUuidV7 } from '@/features/chat/model/uuidv7'
import { messageOf, pageOf } from './samples'

const draft = (clientId: string, body = clientId) => ({
  clientId,
  conversationId: 'c1',
  body,
  file: null,
  createdAt: new Date().toISOString(),
})
const offline = () => new ApiError({ code: 'client.offline' })

function runnerWith(send: (item: Outgoing, options: { signal: AbortSignal }) => Promise<Message>) {
  const net = { isOnline: true }
  const acknowledged: Message[] = []
  let outbox: Outbox = []
  const runner = new OutboxRunner({
    send,
    onAcknowledged: (message) => acknowledged.push(message),
    onChange: (changed) => (outbox = changed),
    isOnline: () => net.isOnline,
  })
  return { runner, net, acknowledged, states: () => outbox.map(({ clientId, state }) => `${clientId} ${state}`) }
}

describe('outbox runner', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('sends at once and forgets what was acknowledged', async () => {
    const { runner, acknowledged, states } = runnerWith((item) => Promise.resolve(messageOf(1, { client_id: item.clientId })))
    runner.enqueue(draft('a'))
    expect(states()).toEqual(['a sending'])
    await vi.advanceTimersByTimeAsync(0)
    expect(acknowledged.map(({ client_id }) => client_id)).toEqual(['a'])
    expect(states()).toEqual([])
  })

  it('keeps messages while offline and sends them in order on return', async () => {
    const sent: string[] = []
    const { runner, net, states } = runnerWith((item) => {
      sent.push(item.clientId)
      return Promise.resolve(messageOf(sent.length, { client_id: item.clientId }))
    })
    net.isOnline = false
    for (const id of ['a', 'b', 'c']) runner.enqueue(draft(id))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(states()).toEqual(['a queued', 'b queued', 'c queued'])
    net.isOnline = true
    runner.wake()
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['a', 'b', 'c'])
  })

  it('repeats with the same client id until there is an answer', async () => {
    const send = vi
      .fn<(item: Outgoing) => Promise<Message>>()
      .mockRejectedValueOnce(offline())
      .mockRejectedValueOnce(new ApiError({ code: 'unavailable', status: 503, retryAfterSeconds: 7 }))
      .mockImplementation((item) => Promise.resolve(messageOf(1, { client_id: item.clientId })))
    const { runner, acknowledged, states } = runnerWith(send)
    runner.enqueue(draft('a'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(send).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(6_000)
    expect(send).toHaveBeenCalledTimes(2)
    expect(states()).toEqual(['a queued'])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(send.mock.calls.map(([item]) => item.clientId)).toEqual(['a', 'a', 'a'])
    expect(acknowledged).toHaveLength(1)
  })

  it('lets the socket acknowledge what the answer did not', async () => {
    let answer: (message: Message) => void = () => undefined
    const { runner, acknowledged, states } = runnerWith(() => new Promise((resolve) => (answer = resolve)))
    runner.enqueue(draft('a'))
    runner.notice(messageOf(1, { client_id: 'a' }))
    runner.notice(messageOf(2, { client_id: 'foreign' }))
    expect(states()).toEqual([])
    answer(messageOf(1, { client_id: 'a' }))
    await vi.advanceTimersByTimeAsync(0)
    expect(acknowledged).toHaveLength(1)
  })

  it('shows a refusal and sends again only when asked', async () => {
    const send = vi
      .fn<(item: Outgoing) => Promise<Message>>()
      .mockRejectedValueOnce(new ApiError({ code: 'conversations.closed', status: 409 }))
      .mockImplementation((item) => Promise.resolve(messageOf(1, { client_id: item.clientId })))
    const { runner, states } = runnerWith(send)
    runner.enqueue(draft('a'))
    await vi.advanceTimersByTimeAsync(120_000)
    expect(states()).toEqual(['a failed'])
    runner.retry('a')
    await vi.advanceTimersByTimeAsync(0)
    expect(states()).toEqual([])
  })

  it('stops what the user throws away', async () => {
    let signal: AbortSignal | undefined
    const { runner, acknowledged, states } = runnerWith((_, options) => {
      signal = options.signal
      return new Promise((_resolve, reject) =>
        options.signal.addEventListener('abort', () => reject(new ApiError({ code: 'client.aborted' }))),
      )
    })
    runner.enqueue(draft('a'))
    runner.discard('a')
    await vi.advanceTimersByTimeAsync(0)
    expect(signal?.aborted).toBe(true)
    expect(states()).toEqual([])
    expect(acknowledged).toEqual([])
  })

  it('loses, doubles and reorders nothing over a link that drops 30 % and breaks three times', async () => {
    const total = 1_500
    const stored: Message[] = []
    const byClientId = new Map<string, Message>()
    let socketUp = true
    let list: MessageList = withPage(emptyList, pageOf(1, 0))
    let seed = 42
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647

    const server = (item: Outgoing): Message => {
      const known = byClientId.get(item.clientId)
      if (known) return known
      const message = messageOf(stored.length + 1, { client_id: item.clientId, sender_id: 'me', body: item.body })
      stored.push(message)
      byClientId.set(item.clientId, message)
      if (socketUp && random() > 0.1) list = withMessage(list, message)
      return message
    }
    const { runner, net, acknowledged } = runnerWith(async (item) => {
      await new Promise((resolve) => setTimeout(resolve, 1 + random() * 20))
      if (random() < 0.1) throw offline()
      const message = server(item)
      if (random() < 0.3) throw offline()
      return message
    })
    const takeAll = () => {
      for (const message of acknowledged.splice(0)) list = withMessage(list, message)
    }

    const ids = Array.from({ length: total }, () => newUuidV7())
    for (const [index, id] of ids.entries()) {
      runner.enqueue(draft(id, `pesan ${index}`))
      if ([300, 700, 1_100].includes(index)) {
        socketUp = net.isOnline = false
        await vi.advanceTimersByTimeAsync(20_000)
        socketUp = net.isOnline = true
        runner.wake()
      }
      await vi.advanceTimersByTimeAsync(10)
      takeAll()
    }
    await vi.advanceTimersByTimeAsync(3_600_000)
    takeAll()
    while (hasGap(list) || lastSeqOf(list) < stored.length) {
      const after = lastSeqOf(list)
      list = withNewerPage(list, { items: stored.slice(after, after + 100), has_before: true, has_after: false })
    }

    expect(stored.map(({ client_id }) => client_id)).toEqual(ids)
    expect(list.items.map(({ client_id }) => client_id)).toEqual(ids)
    // The clock is faked: the limit is for an hour of 1,500 messages on a busy machine, with coverage counted.
  }, 60_000)
})
