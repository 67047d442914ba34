import type { AlertPage, OpenedAlertChat, RiskAlert } from '@/shared/api/alertTypes'
import { request } from '@/shared/api/client'
import type { AddressOf } from '@/shared/api/contract'

/** One page of alerts, the newest first, with the number of open ones. */
export function fetchAlerts(query: AddressOf<'GET /alerts'>['query'], signal?: AbortSignal): Promise<AlertPage> {
  return request('GET /alerts', { query, signal })
}

/** Says "I take care of it"; of two, both learn who was first. */
export function acknowledgeAlert(id: string): Promise<RiskAlert> {
  return request('POST /alerts/{id}/acknowledge', { path: { id } })
}

/** Opens or finds the chat with the student, and acknowledges. */
export function openAlertChat(id: string): Promise<OpenedAlertChat> {
  return request('POST /alerts/{id}/chat', { path: { id } })
}
