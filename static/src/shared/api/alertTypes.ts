/** Shapes of the risk alerts (docs/api.md). */
import type { Page } from './types'

/** 2: worth a look; 3: somebody may be in danger. */
export type AlertLevel = 1 | 2 | 3
export type AlertState = 'open' | 'acknowledged'
export type AlertFilter = AlertState | 'all'

export interface RiskAlert {
  id: string
  level: AlertLevel
  source: 'companion'
  state: AlertState
  student: { id: string; name: string }
  thread_id: string | null
  /** What the student wrote; only for counsellors, and not in events. */
  excerpt?: string | null
  /** How often it was raised while open. */
  count: number
  raised_at: string
  last_raised_at: string
  /** Until when somebody has to answer before everybody is called; null at level 2. */
  acknowledge_by: string | null
  escalated_at: string | null
  acknowledged_at: string | null
  acknowledged_by: { id: string; name: string } | null
  conversation_id: string | null
}

/** `risk.raised` calls this user; `risk.changed` moves the lists of everybody who may see alerts. */
export interface AlertEvent {
  /** Of the event. */
  id: string
  cursor?: string
  change?: 'concern' | 'raised' | 'repeated' | 'escalated' | 'acknowledged' | 'chat'
  alert: RiskAlert
}

export interface AlertPage extends Page<RiskAlert> {
  open_count: number
}
