import type { AlertFilter, AlertPage, RiskAlert } from '@/shared/api/alertTypes'
import { request } from '@/shared/api/client'

const pathOf = (id: string) => `/alerts/${encodeURIComponent(id)}`

/** One page of alerts, the newest first, with the number of open ones. */
export function fetchAlerts(
  query: { state: AlertFilter; after?: string | null; limit?: number },
  signal?: AbortSignal,
): Promise<AlertPage> {
  return request('/alerts', { query, signal })
}

/** Says "I take care of it"; of two, both learn who was first. */
export function acknowledgeAlert(id: string): Promise<RiskAlert> {
  return request(`${pathOf(id)}/acknowledge`, { method: 'POST', body: {} })
}

/** Opens or finds the chat with the student, and acknowledges. */
export function openAlertChat(id: string): Promise<{ conversation_id: string }> {
  return request(`${pathOf(id)}/chat`, { method: 'POST', body: {} })
}
