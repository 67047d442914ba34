import type { Conversation, Message, MessagePage } from '@/shared/api/chatTypes'

/** Message number `seq` of conversation `c1`, a minute apart. */
export function messageOf(seq: number, changes: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    conversation_id: 'c1',
    seq,
    client_id: `client-${seq}`,
    sender_id: 'other',
    body: `Pesan ${seq}`,
    attachment: null,
    created_at: new Date(Date.UTC(2026, 10, 23, 2, seq)).toISOString(),
    edited_at: null,
    deleted_at: null,
    ...changes,
  }
}

export function pageOf(from: number, to: number, changes: Partial<MessagePage> = {}): MessagePage {
  const items = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => messageOf(from + index))
  return { items, has_before: from > 1, has_after: false, ...changes }
}

export function conversationOf(id: string, changes: Partial<Conversation> = {}): Conversation {
  return {
    id,
    student: { id: 'u1', name: 'Ayu Lestari' },
    counsellor: { id: 'g1', name: 'Bu Rina' },
    state: 'open',
    subject: null,
    last_seq: 3,
    last_message: { seq: 3, sender_id: 'g1', preview: 'Halo', created_at: '2026-11-23T02:03:00.000Z', deleted: false },
    unread_count: 0,
    own: { delivered_seq: 3, read_seq: 3 },
    other: { delivered_seq: 3, read_seq: 3 },
    waiting_since: null,
    created_at: '2026-11-23T02:00:00.000Z',
    closed_at: null,
    ...changes,
  }
}
