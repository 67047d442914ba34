import type { Message } from '@/shared/api/chatTypes'
import { dayOf } from '@/shared/calendar/days'
import type { Outgoing } from './outbox'

/** What a thread shows, from top to bottom. */
export type TimelineRow =
  | { kind: 'day'; key: string; day: string }
  | { kind: 'new'; key: string }
  | { kind: 'message'; key: string; message: Message; isOwn: boolean; startsGroup: boolean; endsGroup: boolean }
  | { kind: 'outgoing'; key: string; outgoing: Outgoing; startsGroup: boolean; endsGroup: boolean }

/** Messages of one sender this close together are one group: one name, one tail. */
const groupMs = 5 * 60_000

interface Entry {
  senderId: string
  at: string
  row: Extract<TimelineRow, { kind: 'message' | 'outgoing' }>
}

/**
 * Rows with a heading per day of the school's zone, the "new messages" divider before the first message of somebody else after
 * `newAfterSeq` (null: none), and the unacknowledged ones at the end. Keys are client ids: an acknowledged message keeps its row.
 */
export function buildTimeline(input: {
  messages: readonly Message[]
  outgoing: readonly Outgoing[]
  ownId: string
  zone: string
  newAfterSeq: number | null
}): TimelineRow[] {
  const entries = [...input.messages.map((message) => entryOf(message, input.ownId)), ...waiting(input)]
  const rows: TimelineRow[] = []
  let day = ''
  let isDividerDue = input.newAfterSeq !== null
  entries.forEach((entry, index) => {
    const { row } = entry
    const ownDay = dayOf(entry.at, input.zone)
    let startsGroup = !isSameGroup(entries[index - 1], entry)
    if (ownDay !== day) {
      rows.push({ kind: 'day', key: `day-${ownDay}`, day: (day = ownDay) })
      startsGroup = true
    }
    if (isDividerDue && row.kind === 'message' && !row.isOwn && row.message.seq > (input.newAfterSeq ?? 0)) {
      rows.push({ kind: 'new', key: 'new' })
      isDividerDue = false
      startsGroup = true
    }
    const next = entries[index + 1]
    const endsGroup = !next || !isSameGroup(entry, next) || dayOf(next.at, input.zone) !== ownDay
    rows.push({ ...row, startsGroup, endsGroup })
  })
  return rows
}

function entryOf(message: Message, ownId: string): Entry {
  return {
    senderId: message.sender_id,
    at: message.created_at,
    row: { kind: 'message', key: message.client_id, message, isOwn: message.sender_id === ownId, startsGroup: true, endsGroup: true },
  }
}

function waiting(input: { messages: readonly Message[]; outgoing: readonly Outgoing[]; ownId: string }): Entry[] {
  const arrived = new Set(input.messages.map(({ client_id }) => client_id))
  return input.outgoing
    .filter(({ clientId }) => !arrived.has(clientId))
    .map((outgoing) => ({
      senderId: input.ownId,
      at: outgoing.createdAt,
      row: { kind: 'outgoing', key: outgoing.clientId, outgoing, startsGroup: true, endsGroup: true },
    }))
}

function isSameGroup(first: Entry | undefined, second: Entry): boolean {
  return first?.senderId === second.senderId && Date.parse(second.at) - Date.parse(first.at) < groupMs
}
