import { defaultLimits } from '@/features/apps/model/appForm'
import { request } from '@/shared/api/client'
import type { AppChanges, ConnectedApp, DeadLetter, NewApp, TriggeredEvent, WebhookStanding } from '@/shared/api/appTypes'
import type { AnswerOf, Schemas } from '@/shared/api/contract'
import type { Page } from '@/shared/api/types'

/** All connected apps, those of the settings first; admins only. */
export async function fetchApps(signal?: AbortSignal): Promise<ConnectedApp[]> {
  return (await request('GET /admin/apps', { signal })).items.map(whole)
}

/** One app with its live counts. */
export async function fetchApp(id: string, signal?: AbortSignal): Promise<ConnectedApp> {
  return whole(await request('GET /admin/apps/{id}', { path: { id }, signal }))
}

/** Makes an app; the answer has its secret, unless it repeats an answer that was lost. */
export async function createApp(app: NewApp, idempotencyKey: string): Promise<ConnectedApp> {
  return whole(await request('POST /admin/apps', { body: app, idempotencyKey }))
}

/** Changes the app that `seen` is; 409 `conflict` when somebody changed it since. */
export async function changeApp(seen: Pick<ConnectedApp, 'id' | 'updated_at'>, changes: AppChanges): Promise<ConnectedApp> {
  return whole(
    await request('PATCH /admin/apps/{id}', { path: { id: seen.id }, body: { ...changes, updated_at: seen.updated_at ?? undefined } }),
  )
}

/** Gives the app a new secret, shown in this answer only; the old one is refused at once. */
export async function rotateSecret(id: string): Promise<ConnectedApp> {
  return whole(await request('POST /admin/apps/{id}/rotate', { path: { id } }))
}

/** How the deliveries to each address of the app are doing. */
export async function fetchStandings(id: string, signal?: AbortSignal): Promise<WebhookStanding[]> {
  return (await request('GET /admin/apps/{id}/webhooks', { path: { id }, signal })).items
}

/** One page of what could not be delivered, newest first. */
export function fetchDeadLetters(id: string, after: string | null, signal?: AbortSignal): Promise<Page<DeadLetter>> {
  return request('GET /admin/apps/{id}/dead-letters', { path: { id }, query: { after, limit: 20 }, signal })
}

/** Sends dead letters again, those of `ids` or all. */
export function replayDeadLetters(id: string, ids?: string[]): Promise<AnswerOf<'POST /admin/apps/{id}/dead-letters/replay'>> {
  return request('POST /admin/apps/{id}/dead-letters/replay', { path: { id }, body: ids ? { ids } : {} })
}

/** Keeps the app's console on for another minute. */
export function keepConsole(id: string): Promise<AnswerOf<'POST /admin/apps/{id}/console'>> {
  return request('POST /admin/apps/{id}/console', { path: { id } })
}

/** Publishes an event as the app's own backend would. */
export function triggerEvent(id: string, event: TriggeredEvent): Promise<unknown> {
  return request('POST /admin/apps/{id}/events', { path: { id }, body: event })
}

/** The description has one shape for what is sent and what is answered, so it lets parts be missing that an answer always has. */
function whole(app: Schemas['App']): ConnectedApp {
  return {
    ...app,
    limits: { ...defaultLimits, ...app.limits },
    webhooks: app.webhooks.map((webhook) => ({ channel_prefix: '', ...webhook })),
  }
}
