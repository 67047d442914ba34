import { describe, expect, it } from 'vitest'
import type { Message } from '@/shared/api/chatTypes'
import {
  emptyList,
  hasGap,
  lastSeqOf,
  newestOf,
  withGapAccepted,
  withMessage,
  withNewerPage,
  withOlderPage,
  withPage,
  type MessageList,
} from '@/features/chat/model/messageList'
import { messageOf, pageOf } from './samples'

const seqs = (list: MessageList) => list.items.map(({ seq }) => seq)
const take = (list: MessageList, ...messages: Message[]) => messages.reduce(withMessage, list)
const loaded = (from: number, to: number, hasAfter = false) => withPage(emptyList, pageOf(from, to, { has_after: hasAfter }))

describe('message list', () => {
  it('appends what comes next', () => {
    expect(seqs(take(loaded(1, 3), messageOf(4), messageOf(5)))).toEqual([1, 2, 3, 4, 5])
  })

  it('knows what somebody wrote last only when nothing of it is under way', () => {
    const list = take(loaded(1, 3), messageOf(4, { sender_id: 'me' }), messageOf(5))
    expect(newestOf(list, 'me', false)?.seq).toBe(4)
    expect(newestOf(list, 'me', true)).toBeNull()
    expect(newestOf(take(list, messageOf(7, { sender_id: 'me' })), 'me', false)).toBeNull()
    expect(newestOf({ ...list, hasAfter: true }, 'me', false)).toBeNull()
    expect(newestOf(list, 'nobody', false)).toBeNull()
  })

  it('shows a message once, however often it comes', () => {
    const list = take(loaded(1, 3), messageOf(4), messageOf(4), messageOf(2))
    expect(seqs(list)).toEqual([1, 2, 3, 4])
    expect(withMessage(list, messageOf(4))).toBe(list)
  })

  it('holds back what comes beyond a hole until it is filled', () => {
    const list = take(loaded(1, 3), messageOf(6), messageOf(5))
    expect(seqs(list)).toEqual([1, 2, 3])
    expect(hasGap(list)).toBe(true)
    const healed = withMessage(list, messageOf(4))
    expect(seqs(healed)).toEqual([1, 2, 3, 4, 5, 6])
    expect(hasGap(healed)).toBe(false)
  })

  it('heals after a reconnect with pages after the last seq, in any order with live events', () => {
    let list = take(loaded(1, 3), messageOf(9))
    list = withNewerPage(list, { items: [messageOf(4), messageOf(5), messageOf(6)], has_before: true, has_after: true })
    expect(seqs(list)).toEqual([1, 2, 3, 4, 5, 6])
    expect(list.hasAfter).toBe(true)
    list = withNewerPage(list, { items: [messageOf(7), messageOf(8)], has_before: true, has_after: false })
    expect(seqs(list)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('gives up on a hole the server knows nothing about', () => {
    const list = withGapAccepted(take(loaded(1, 3), messageOf(6)))
    expect(seqs(list)).toEqual([1, 2, 3, 6])
    expect(hasGap(list)).toBe(false)
  })

  it('keeps what arrived while the first page was on its way', () => {
    const early = take(emptyList, messageOf(4), messageOf(5))
    expect(seqs(withPage(early, pageOf(1, 3)))).toEqual([1, 2, 3, 4, 5])
    expect(seqs(withPage(early, pageOf(1, 4)))).toEqual([1, 2, 3, 4, 5])
  })

  it('starts an empty conversation at 1', () => {
    const empty = withPage(emptyList, pageOf(1, 0))
    expect(seqs(take(empty, messageOf(1)))).toEqual([1])
    expect(hasGap(take(empty, messageOf(2)))).toBe(true)
  })

  it('adds older pages in front', () => {
    const list = withOlderPage(loaded(51, 60), pageOf(1, 50))
    expect(seqs(list)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
    expect(list.hasBefore).toBe(false)
  })

  it('ignores live messages while it shows a stretch of the past', () => {
    const past = loaded(10, 20, true)
    expect(seqs(take(past, messageOf(21), messageOf(90)))).toEqual(seqs(past))
    expect(take(past, messageOf(15, { body: 'baru', edited_at: '2026-11-23T05:00:00Z' })).items[5]?.body).toBe('baru')
  })

  it('lets the later edit win, whichever comes first', () => {
    const first = messageOf(2, { body: 'satu', edited_at: '2026-11-23T03:00:00.000Z' })
    const second = messageOf(2, { body: 'dua', edited_at: '2026-11-23T03:01:00.000Z' })
    for (const order of [
      [first, second],
      [second, first],
      [second, messageOf(2), first],
    ]) {
      expect(take(loaded(1, 3), ...order).items[1]?.body).toBe('dua')
    }
  })

  it('takes a change that comes before the message itself', () => {
    const edited = messageOf(4, { body: 'baru', edited_at: '2026-11-23T03:00:00.000Z' })
    expect(take(loaded(1, 3), edited, messageOf(4)).items[3]?.body).toBe('baru')
  })

  it('keeps a tombstone, whatever comes after it', () => {
    const tombstone = messageOf(2, { body: '', deleted_at: '2026-11-23T03:00:00.000Z' })
    const edited = messageOf(2, { body: 'baru', edited_at: '2026-11-23T04:00:00.000Z' })
    const list = take(loaded(1, 3), tombstone, edited, messageOf(2))
    expect(list.items[1]).toEqual(tombstone)
    expect(withOlderPage(list, pageOf(1, 3)).items[1]).toEqual(tombstone)
    expect(withPage(list, pageOf(1, 3)).items[1]).toEqual(tombstone)
  })

  it('ends in the same state for every order of arrival', () => {
    const events = [
      messageOf(4),
      messageOf(5),
      messageOf(6),
      messageOf(7),
      messageOf(5, { body: 'ubah', edited_at: '2026-11-23T05:00:00.000Z' }),
      messageOf(6, { body: '', deleted_at: '2026-11-23T05:00:00.000Z' }),
    ]
    const expected = take(loaded(1, 3), ...events).items
    let seed = 7
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    for (let round = 0; round < 200; round += 1) {
      const shuffled = [...events, ...events.slice(0, 3)].sort(() => random() - 0.5)
      const list = take(loaded(1, 3), ...shuffled)
      expect(list.items).toEqual(expected)
      expect(lastSeqOf(list)).toBe(7)
    }
  })
})
