/** Shapes of the connected Pusher apps. */
import type { BodyOf, Schemas } from './contract'

/** 0 = no limit, except for the payload. Parts may be left out of a change, never of an answer. */
export type AppLimits = Required<Schemas['AppLimits']>
export type Webhook = Required<Schemas['Webhook']>
export type ConnectedApp = Omit<Schemas['App'], 'limits' | 'webhooks'> & { limits: AppLimits; webhooks: Webhook[] }
export type WebhookEvent = Webhook['events'][number]
/** What an app is changed with; what is left out stays. */
export type AppChanges = Omit<BodyOf<'PATCH /admin/apps/{id}'>, 'updated_at'>
export type NewApp = BodyOf<'POST /admin/apps'>
export type WebhookStanding = Schemas['WebhookStanding']
export type DeadLetter = Schemas['DeadLetter']
/** One thing that happened in an app. */
export type ConsoleLine = Schemas['ConsoleLine']
export type ConsoleKind = ConsoleLine['kind']
/** `app.console` on the app's console channel. */
export type ConsoleFrame = Schemas['EventData']['app.console']
/** What the event creator sends: an event that an admin triggers on channels of a connected app. */
export type TriggeredEvent = BodyOf<'POST /admin/apps/{id}/events'>
