/** Shapes of the HTTP contract (docs/api.md), as the server sends them: snake_case, RFC 3339 UTC times. */

export type Role = 'student' | 'counsellor' | 'admin'
export type MaterialStatus = 'active' | 'draft' | 'archived'

export interface User {
  id: string
  login: string
  name: string
  role: Role
}

export interface Page<Item> {
  items: Item[]
  next: string | null
}

export interface Session {
  id: string
  created_at: string
  last_seen_at: string
  expires_at: string
  user_agent: string
  address: string
  current: boolean
}

export interface Account {
  id: string
  login: string
  name: string
  role: Role
  disabled_at: string | null
  last_login_at: string | null
  created_at: string
}

export interface MaterialFile {
  name: string
  size_bytes: number
  content_type: string
}

export interface Material {
  id: string
  title: string
  category: string
  summary: string | null
  status: MaterialStatus
  file: MaterialFile | null
  author: { id: string; name: string }
  /** Null for students. */
  views: number | null
  /** Null for students. */
  downloads: number | null
  created_at: string
  updated_at: string
  published_at: string | null
}

export interface MaterialDetail extends Material {
  body: string
}

export interface MaterialPage extends Page<Material> {
  categories: string[]
}

export interface SignedLink {
  url: string
  expires_at: string
}

export interface NoticeText {
  title: string
  body: string
}

export interface Notice {
  id: string
  kind: string
  category: string
  title: string
  body: string
  texts: Partial<Record<'id' | 'en', NoticeText>>
  data: Record<string, unknown>
  created_at: string
  read_at: string | null
}

/** `notice.created` on the socket and in `/sync`: a notice without its read state, with the log cursor. */
export type NoticeCreated = Omit<Notice, 'read_at'> & { cursor?: string }

/** The number of the badge. Of two, the one with the larger version is newer, whatever arrived first. */
export interface UnreadCount {
  unread_count: number
  version: number
}

export interface NoticePage extends Page<Notice>, UnreadCount {}

export interface NoticeState extends UnreadCount {
  all: boolean
  notice_ids: string[]
}

export interface MaterialChanged {
  material_id: string
  change: 'created' | 'updated' | 'archived' | 'deleted'
}

export interface SessionEnded {
  session_id: string | null
  reason: 'logout' | 'revoked' | 'disabled' | 'expired'
}

export interface RealtimeInfo {
  key: string
  channels: string[]
  cursor: string
  /** Missing while an older server is being replaced. */
  school?: { zone: string }
}

export interface SyncEvent {
  id: string
  event: string
  data: unknown
}

export interface SyncAnswer {
  events: SyncEvent[]
  cursor: string
  more: boolean
  reset?: boolean
}

export interface StudentDashboard {
  materials: Material[]
  notices: UnreadCount & { items: Notice[] }
  school: { zone: string }
}

export interface EngagementDay {
  /** YYYY-MM-DD in the school's zone. */
  date: string
  active_students: number
  views: number
  downloads: number
}

export interface Activity {
  at: string
  actor_name: string
  action: string
  target_id: string | null
  target_title: string | null
}

export interface CounsellorDashboard {
  students: { total: number; active_7d: number; new_7d: number }
  materials: {
    total: number
    active: number
    draft: number
    archived: number
    views: number
    downloads: number
  }
  notifications: { sent: number; sent_7d: number; reads: number; read_rate: number | null }
  engagement: EngagementDay[]
  recent_activity: Activity[]
  generated_at: string
}
