import type { MessageRead, Watermarks } from '@/shared/api/chatTypes'

export type DeliveryState = 'sent' | 'delivered' | 'read'

/** How far an acknowledged own message got on the other side. */
export function deliveryOf(seq: number, other: Watermarks | null): DeliveryState {
  if (!other) return 'sent'
  if (other.read_seq !== null && other.read_seq >= seq) return 'read'
  return other.delivered_seq >= seq ? 'delivered' : 'sent'
}

/** Marks only move forward, in whatever order they arrive; a hidden read mark stays hidden. */
export function mergeMarks(known: Watermarks | null, arrived: Omit<MessageRead, 'user_id'>): Watermarks {
  if (!known) return { delivered_seq: arrived.delivered_seq, read_seq: arrived.read_seq }
  const delivered_seq = Math.max(known.delivered_seq, arrived.delivered_seq)
  if (arrived.read_seq === null) return { delivered_seq, read_seq: null }
  return { delivered_seq, read_seq: Math.max(known.read_seq ?? 0, arrived.read_seq) }
}
