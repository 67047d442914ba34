/** Shapes of the HTTP contract that many subjects share, and those of accounts, materials, notices, the live layer and dashboards. */
import type { AnswerOf, Schemas } from './contract'

/** A page of any list. */
export interface Page<Item> {
  items: Item[]
  next: string | null
}

export type Role = Schemas['Role']
export type User = Schemas['User']
export type Session = Schemas['Session']
export type Account = Schemas['Account']

export type MaterialStatus = Schemas['MaterialStatus']
export type Material = Schemas['Material']
export type MaterialDetail = Schemas['MaterialWithText']
export type MaterialPage = AnswerOf<'GET /materials'>
export type SignedLink = AnswerOf<'GET /materials/{id}/link'>

export type Notice = Schemas['Notice']
/** `notice.created` on the socket and in `/sync`: a notice without its read state, with the log cursor. */
export type NoticeCreated = Schemas['EventData']['notice.created']
export type NoticeCategory = Notice['category']
export type NoticeKind = Notice['kind']
/** The number of the badge. Of two, the one with the larger version is newer, whatever arrived first. */
export type UnreadCount = AnswerOf<'POST /notices/{id}/read'>
export type NoticePage = AnswerOf<'GET /notices'>
export type NoticeState = Schemas['EventData']['notice.state']

export type SessionEnded = Schemas['EventData']['session.ended']
export type RealtimeInfo = AnswerOf<'GET /realtime'>
export type SyncEvent = Schemas['SyncEvent']
export type SyncAnswer = AnswerOf<'GET /sync'>

export type StudentDashboard = AnswerOf<'GET /dashboard/student'>
export type CounsellorDashboard = Schemas['Statistics']
export type EngagementDay = CounsellorDashboard['engagement'][number]
export type Activity = CounsellorDashboard['recent_activity'][number]
