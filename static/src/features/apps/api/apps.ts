import { request } from '@/shared/api/client'
import type { AppChanges, ConnectedApp, DeadLetter, TriggeredEvent, WebhookStanding } from '@/shared/api/appTypes'
import type { Page } from '@/shared/api/types'

const pathOf = (id: string) => `/admin/apps/${encodeURIComponent(id)}`

/** All connected apps, those of the settings first; admins only. */
export async function fetchApps(signal?: AbortSignal): Promise<ConnectedApp[]> {
  return (await request<Page<ConnectedApp>>('/admin/apps', { signal })).items
}

/** One app with its live counts. */
export function fetchApp(id: string, signal?: AbortSignal): Promise<ConnectedApp> {
  return request(pathOf(id), { signal })
}

/** Makes an app; the answer has its secret, unless it repeats an answer that was lost. */
export function createApp(app: AppChanges & { name: string }, idempotencyKey: string): Promise<ConnectedApp> {
  return request('/admin/apps', { method: 'POST', body: app, idempotencyKey })
}

/** Changes the app that `seen` is; 409 `conflict` when somebody changed it since. */
export function changeApp(seen: Pick<ConnectedApp, 'id' | 'updated_at'>, changes: AppChanges): Promise<ConnectedApp> {
  return request(pathOf(seen.id), { method: 'PATCH', body: { ...changes, updated_at: seen.updated_at ?? undefined } })
}

/** Gives the app a new secret, shown in this answer only; the old one is refused at once. */
export function rotateSecret(id: string): Promise<ConnectedApp> {
  return request(`${pathOf(id)}/rotate`, { method: 'POST', body: {} })
}

/** How the deliveries to each address of the app are doing. */
export async function fetchStandings(id: string, signal?: AbortSignal): Promise<WebhookStanding[]> {
  return (await request<Page<WebhookStanding>>(`${pathOf(id)}/webhooks`, { signal })).items
}

/** One page of what could not be delivered, newest first. */
export function fetchDeadLetters(id: string, after: string | null, signal?: AbortSignal): Promise<Page<DeadLetter>> {
  return request(`${pathOf(id)}/dead-letters`, { query: { after, limit: 20 }, signal })
}

/** Sends dead letters again, those of `ids` or all. */
export function replayDeadLetters(id: string, ids?: string[]): Promise<{ replayed: number }> {
  return request(`${pathOf(id)}/dead-letters/replay`, { method: 'POST', body: ids ? { ids } : {} })
}

/** Keeps the app's console on for another minute. */
export function keepConsole(id: string): Promise<{ channel: string; until: string }> {
  return request(`${pathOf(id)}/console`, { method: 'POST', body: {} })
}

/** Publishes an event as the app's own backend would. */
export function triggerEvent(id: string, event: TriggeredEvent): Promise<unknown> {
  return request(`${pathOf(id)}/events`, { method: 'POST', body: event })
}
