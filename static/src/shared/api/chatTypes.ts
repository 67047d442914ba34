/** Shapes of conversations and messages (docs/api.md). */
import type { Person } from './appointmentTypes'
import type { Page } from './types'

export type ConversationState = 'waiting' | 'open' | 'closed'

export interface Attachment {
  name: string
  size_bytes: number
  content_type: string
}

export interface Message {
  id: string
  conversation_id: string
  /** 1, 2, 3, … within the conversation. */
  seq: number
  client_id: string
  sender_id: string
  /** Empty when deleted. */
  body: string
  attachment: Attachment | null
  created_at: string
  edited_at: string | null
  deleted_at: string | null
}

export interface MessagePage {
  /** Always by rising seq. */
  items: Message[]
  has_before: boolean
  has_after: boolean
}

/** How far one side has received and read. `read_seq` is null when that side hides it. */
export interface Watermarks {
  delivered_seq: number
  read_seq: number | null
}

export interface Conversation {
  id: string
  student: Person
  counsellor: Person | null
  state: ConversationState
  subject: string | null
  last_seq: number
  last_message: {
    seq: number
    sender_id: string
    preview: string
    created_at: string
    deleted: boolean
  } | null
  unread_count: number
  own: Watermarks
  other: Watermarks | null
  waiting_since: string | null
  created_at: string
  closed_at: string | null
}

export interface ConversationPage extends Page<Conversation> {
  unread_total: number
}

export type ConversationScope = 'mine' | 'waiting' | 'closed'

export interface MarkAnswer {
  delivered_seq: number
  read_seq: number
  unread_count: number
}

export type MessageHit = Message & { conversation: Conversation }

export interface PrivateNote {
  id: string
  author: Person
  body: string
  created_at: string
}

export interface CannedReply {
  id: string
  shortcut: string
  body: string
  scope: 'own' | 'school'
}

export interface ChatPreferences {
  hide_typing: boolean
  hide_read_receipts: boolean
}

/** `message.created`, `message.changed`: the event has an id of its own, the message stands inside. */
export interface MessageEvent {
  id: string
  cursor?: string
  message: Message
}

export interface MessageRead {
  user_id: string
  delivered_seq: number
  read_seq: number | null
}

export interface ConversationChanged {
  change: 'created' | 'message' | 'read' | 'assigned' | 'transferred' | 'closed' | 'reopened' | 'left'
  conversation: Conversation | null
  conversation_id: string
}
