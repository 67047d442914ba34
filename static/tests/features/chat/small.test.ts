import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isInScope, withConversation } from '@/features/chat/model/conversationList'
import { deliveryOf, mergeMarks } from '@/features/chat/model/marks'
import { buildTimeline, type TimelineRow } from '@/features/chat/model/timeline'
import { createTypingSignal, TypingWatch } from '@/features/chat/model/typing'
import { newUuidV7 } from '@/features/chat/model/uuidv7'
import { conversationOf, messageOf } from './samples'

describe('UUIDv7', () => {
  it('has version, variant and time, and sorts as it was made', () => {
    const ids = Array.from({ length: 5_000 }, () => newUuidV7())
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
    expect(Math.abs(parseInt((ids[0] ?? '').replace('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(5_000)
  })
})

describe('marks', () => {
  it('tell how far a message got', () => {
    expect(deliveryOf(5, null)).toBe('sent')
    expect(deliveryOf(5, { delivered_seq: 4, read_seq: 4 })).toBe('sent')
    expect(deliveryOf(5, { delivered_seq: 5, read_seq: 4 })).toBe('delivered')
    expect(deliveryOf(5, { delivered_seq: 6, read_seq: 5 })).toBe('read')
    expect(deliveryOf(5, { delivered_seq: 6, read_seq: null })).toBe('delivered')
  })

  it('never move back', () => {
    const marks = mergeMarks({ delivered_seq: 8, read_seq: 6 }, { delivered_seq: 5, read_seq: 4 })
    expect(marks).toEqual({ delivered_seq: 8, read_seq: 6 })
    expect(mergeMarks(marks, { delivered_seq: 9, read_seq: null })).toEqual({ delivered_seq: 9, read_seq: null })
    expect(mergeMarks(null, { delivered_seq: 1, read_seq: 1 })).toEqual({ delivered_seq: 1, read_seq: 1 })
  })
})

describe('typing', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('is sent at most once per 3 s', () => {
    const send = vi.fn()
    const signal = createTypingSignal(send)
    for (let index = 0; index < 50; index += 1) {
      signal.typed()
      vi.advanceTimersByTime(100)
    }
    expect(send).toHaveBeenCalledTimes(2)
    signal.reset()
    signal.typed()
    expect(send).toHaveBeenCalledTimes(3)
  })

  it('is believed for 6 s, or until the message is there', () => {
    const onChange = vi.fn()
    const watch = new TypingWatch(onChange)
    watch.heard('a')
    vi.advanceTimersByTime(4_000)
    watch.heard('a')
    vi.advanceTimersByTime(5_999)
    expect(onChange).toHaveBeenLastCalledWith(['a'])
    vi.advanceTimersByTime(1)
    expect(onChange).toHaveBeenLastCalledWith([])
    watch.heard('b')
    watch.forget('b')
    expect(onChange).toHaveBeenLastCalledWith([])
  })
})

describe('timeline', () => {
  const short = (rows: TimelineRow[]) =>
    rows.map((row) => {
      if (row.kind === 'day') return row.day
      if (row.kind === 'new') return 'new'
      return `${row.kind === 'message' ? row.message.seq : row.outgoing.clientId}${row.startsGroup ? '<' : ''}${row.endsGroup ? '>' : ''}`
    })
  const build = (changes: Partial<Parameters<typeof buildTimeline>[0]>) =>
    short(buildTimeline({ messages: [], outgoing: [], ownId: 'me', zone: 'Asia/Jakarta', newAfterSeq: null, ...changes }))
  const outgoing = (clientId: string, createdAt: string) =>
    ({
      clientId,
      createdAt,
      conversationId: 'c1',
      body: '',
      file: null,
      state: 'queued',
      attempts: 0,
      notBefore: 0,
      errorCode: null,
      progress: 0,
    }) as const

  it('groups by sender and closeness, with a heading per school day', () => {
    const messages = [
      messageOf(1),
      messageOf(2),
      messageOf(3, { sender_id: 'me' }),
      messageOf(4, { created_at: '2026-11-23T16:59:00Z' }),
      messageOf(5, { created_at: '2026-11-23T17:00:00Z' }),
    ]
    expect(build({ messages })).toEqual(['2026-11-23', '1<', '2>', '3<>', '4<>', '2026-11-24', '5<>'])
  })

  it('puts the divider before the first new message of somebody else', () => {
    const messages = [messageOf(1), messageOf(2, { sender_id: 'me' }), messageOf(3), messageOf(4)]
    expect(build({ messages, newAfterSeq: 1 })).toEqual(['2026-11-23', '1<>', '2<>', 'new', '3<', '4>'])
    expect(build({ messages, newAfterSeq: 4 })).not.toContain('new')
  })

  it('shows what waits at the end, and not twice once it arrived', () => {
    const messages = [messageOf(1, { sender_id: 'me', client_id: 'a' })]
    expect(build({ messages, outgoing: [outgoing('a', '2026-11-23T02:01:00Z'), outgoing('b', '2026-11-23T02:02:00Z')] })).toEqual([
      '2026-11-23',
      '1<',
      'b>',
    ])
  })

  it('keeps the row of a message from queued to acknowledged', () => {
    const waiting = buildTimeline({
      messages: [],
      outgoing: [outgoing('a', '2026-11-23T02:01:00Z')],
      ownId: 'me',
      zone: 'UTC',
      newAfterSeq: null,
    })
    const arrived = buildTimeline({
      messages: [messageOf(1, { client_id: 'a' })],
      outgoing: [],
      ownId: 'me',
      zone: 'UTC',
      newAfterSeq: null,
    })
    expect(arrived.at(-1)?.key).toBe(waiting.at(-1)?.key)
  })
})

describe('conversation lists', () => {
  const at = (id: string, minute: number, changes = {}) =>
    conversationOf(id, {
      last_message: { seq: 1, sender_id: 'x', preview: '', created_at: `2026-11-23T02:${minute}:00.000Z`, deleted: false },
      ...changes,
    })

  it('show the newest first and move what changed', () => {
    const list = withConversation([at('a', 30), at('b', 20)], at('b', 40), 'mine', 'counsellor')
    expect(list.map(({ id }) => id)).toEqual(['b', 'a'])
  })

  it('keep the words of the last message when an event leaves them out', () => {
    const bare = at('a', 30)
    const changed = { ...bare, unread_count: 2, last_message: bare.last_message && { ...bare.last_message, preview: '' } }
    const known = { ...bare, last_message: bare.last_message && { ...bare.last_message, preview: 'Halo' } }
    expect(withConversation([known], changed, 'mine', 'student')[0]).toMatchObject({ unread_count: 2, last_message: { preview: 'Halo' } })
  })

  it('lose what no longer belongs to them', () => {
    expect(withConversation([at('a', 30)], at('a', 30, { state: 'closed' }), 'mine', 'counsellor')).toEqual([])
    expect(isInScope(at('a', 30, { state: 'waiting' }), 'mine', 'student')).toBe(true)
    expect(isInScope(at('a', 30, { state: 'waiting' }), 'mine', 'counsellor')).toBe(false)
  })

  it('let who waits longest come first in the queue', () => {
    const waiting = (id: string, since: string) => conversationOf(id, { state: 'waiting', waiting_since: since })
    const list = withConversation(
      [waiting('late', '2026-11-23T03:00:00Z')],
      waiting('early', '2026-11-23T02:00:00Z'),
      'waiting',
      'counsellor',
    )
    expect(list.map(({ id }) => id)).toEqual(['early', 'late'])
  })
})
