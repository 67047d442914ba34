import type { Message, MessagePage } from '@/shared/api/chatTypes'

/**
 * The part of one conversation that is on the screen: a stretch without holes, by rising `seq`. What arrives beyond a hole
 * waits in `ahead` until the hole is filled, so that nothing is ever shown out of order or skipped.
 */
export interface MessageList {
  items: readonly Message[]
  ahead: readonly Message[]
  /** The server has older ones than `items`. */
  hasBefore: boolean
  /** The server has newer ones than `items`: the stretch does not reach the end of the conversation. */
  hasAfter: boolean
}

export const emptyList: MessageList = { items: [], ahead: [], hasBefore: false, hasAfter: false }

/** The `seq` of the newest shown message, 0 for none. */
export function lastSeqOf(list: MessageList): number {
  return list.items.at(-1)?.seq ?? 0
}

/** The `seq` of the oldest shown message, 0 for none. */
export function firstSeqOf(list: MessageList): number {
  return list.items[0]?.seq ?? 0
}

/** True when something arrived beyond a hole: ask for what comes after `lastSeqOf`. */
export function hasGap(list: MessageList): boolean {
  return list.ahead.length > 0
}

/** Shows another stretch. What arrived meanwhile is kept when the stretch reaches the end. */
export function withPage(list: MessageList, page: MessagePage): MessageList {
  const kept = page.has_after ? [] : [...list.items, ...list.ahead].filter(({ seq }) => seq > (page.items.at(-1)?.seq ?? 0))
  const items = mergeSorted([], refresh(page.items, [...list.items, ...list.ahead]))
  return drained({ items, ahead: mergeSorted([], kept), hasBefore: page.has_before, hasAfter: page.has_after })
}

/** Adds the stretch before the first message. */
export function withOlderPage(list: MessageList, page: MessagePage): MessageList {
  return { ...list, items: mergeSorted(list.items, page.items), hasBefore: page.has_before }
}

/** Adds the stretch after the last message, then what waited for it. */
export function withNewerPage(list: MessageList, page: MessagePage): MessageList {
  return drained({ ...list, items: mergeSorted(list.items, page.items), hasAfter: page.has_after })
}

/**
 * Folds in one message from the socket or from the answer to a send: replaces an older version of it, appends it, or keeps it
 * aside when there is a hole before it. Outside a stretch that does not reach the end it is ignored; scrolling brings it.
 */
export function withMessage(list: MessageList, message: Message): MessageList {
  const isKnown = list.items.some(({ seq }) => seq === message.seq)
  const last = lastSeqOf(list)
  if (isKnown || (message.seq < last && message.seq > firstSeqOf(list))) {
    const items = mergeSorted(list.items, [message])
    return items.every((item, index) => item === list.items[index]) ? list : { ...list, items }
  }
  if (list.hasAfter || message.seq < last) return list
  return drained({ ...list, ahead: mergeSorted(list.ahead, [message]) })
}

/**
 * The message that somebody wrote last; null while that is not known: something is on its way, or the stretch does not reach the end.
 * Whoever wants to correct what they just sent must not get the one before it.
 */
export function newestOf(list: MessageList, senderId: string, isSending: boolean): Message | null {
  if (isSending || list.hasAfter || hasGap(list)) return null
  return [...list.items].reverse().find(({ sender_id }) => sender_id === senderId) ?? null
}

/** Gives up on a hole the server has nothing for, and shows what waited beyond it. */
export function withGapAccepted(list: MessageList): MessageList {
  return { ...list, items: mergeSorted(list.items, list.ahead), ahead: [] }
}

/** The version that is newer: a tombstone stays one, a later edit beats an earlier text. */
export function newerOf(known: Message, arrived: Message): Message {
  if (known.deleted_at && !arrived.deleted_at) return known
  if (arrived.deleted_at) return known.deleted_at ? known : arrived
  return (arrived.edited_at ?? '') > (known.edited_at ?? '') ? arrived : known
}

function drained(list: MessageList): MessageList {
  let last = lastSeqOf(list)
  const ready: Message[] = []
  const rest: Message[] = []
  for (const message of list.ahead) {
    if (message.seq <= last + 1) {
      ready.push(message)
      last = Math.max(last, message.seq)
    } else rest.push(message)
  }
  if (ready.length === 0) return list
  return { ...list, items: mergeSorted(list.items, ready), ahead: rest }
}

/** The arrived ones, except where a newer version is already here. */
function refresh(arrived: readonly Message[], known: readonly Message[]): Message[] {
  const bySeq = new Map(known.map((message) => [message.seq, message]))
  return arrived.map((message) => {
    const own = bySeq.get(message.seq)
    return own ? newerOf(own, message) : message
  })
}

function mergeSorted(known: readonly Message[], arrived: readonly Message[]): Message[] {
  const bySeq = new Map(known.map((message) => [message.seq, message]))
  for (const message of arrived) {
    const own = bySeq.get(message.seq)
    bySeq.set(message.seq, own ? newerOf(own, message) : message)
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}
