import { describe, expect, it } from 'vitest'
import { ApiError, type ProblemCode } from '@/shared/api/problem'
import {
  dueNow,
  enqueue,
  isTransient,
  nextDueInMs,
  retryDelayMs,
  withAllDue,
  withPostponed,
  withRefusal,
  withRetry,
  withSending,
  without,
  type Outbox,
} from '@/features/chat/model/outbox'

const draft = (clientId: string, conversationId = 'c1') => ({
  clientId,
  conversationId,
  body: clientId,
  file: null,
  createdAt: '2026-11-23T02:00:00Z',
})
const boxOf = (...ids: string[]) => ids.reduce<Outbox>((box, id) => enqueue(box, draft(id)), [])
const due = (box: Outbox, now = 0) => dueNow(box, now).map(({ clientId }) => clientId)

describe('outbox', () => {
  it('sends one at a time of each conversation, in order', () => {
    let box = enqueue(boxOf('a', 'b'), draft('x', 'c2'))
    expect(due(box)).toEqual(['a', 'x'])
    box = withSending(box, 'a')
    expect(due(box)).toEqual(['x'])
    expect(due(without(box, 'a'))).toEqual(['b', 'x'])
  })

  it('takes the same client id once', () => {
    expect(enqueue(boxOf('a'), draft('a'))).toHaveLength(1)
  })

  it('holds the others back while the first waits for its next try', () => {
    const box = withPostponed(withSending(boxOf('a', 'b'), 'a'), 'a', 1_000, 500)
    expect(due(box, 1_499)).toEqual([])
    expect(nextDueInMs(box, 1_200)).toBe(300)
    expect(due(box, 1_500)).toEqual(['a'])
    expect(due(withAllDue(box), 1_000)).toEqual(['a'])
  })

  it('lets a refused one not hold up the rest, and sends it last when it is tried again', () => {
    let box = withRefusal(withSending(boxOf('a', 'b', 'c'), 'a'), 'a', 'validation')
    expect(due(box)).toEqual(['b'])
    box = withRetry(box, 'a')
    expect(box.map(({ clientId, state }) => `${clientId} ${state}`)).toEqual(['b queued', 'c queued', 'a queued'])
    expect(withRetry(box, 'b')).toBe(box)
  })

  it('has nothing to wait for when everything is on its way or refused', () => {
    expect(nextDueInMs(withSending(boxOf('a'), 'a'), 0)).toBeNull()
    expect(nextDueInMs(withRefusal(boxOf('a'), 'a', 'validation'), 0)).toBeNull()
    expect(nextDueInMs([], 0)).toBeNull()
  })

  it('waits longer after every failure, at most 30 s', () => {
    expect([1, 2, 3, 4, 5, 6, 20].map((attempts) => retryDelayMs(attempts, 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ])
    expect(retryDelayMs(1, 1)).toBe(700)
  })

  it('tells a lost answer from a refusal', () => {
    const of = (status: number, code: ProblemCode = 'internal') => isTransient(new ApiError({ code, status }))
    expect([
      of(0, 'client.offline'),
      of(0, 'client.timeout'),
      of(201, 'client.unreadable'),
      of(401),
      of(408),
      of(429),
      of(500),
      of(503),
      of(409, 'conflict'),
    ]).not.toContain(false)
    expect([of(0, 'client.aborted'), of(400), of(404), of(409), of(413), of(422)]).not.toContain(true)
  })
})
