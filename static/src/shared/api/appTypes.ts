/** Shapes of the connected Pusher apps (docs/api.md), as the server sends them. */

/** 0 = no limit, except for the payload. */
export interface AppLimits {
  connections: number
  channels: number
  events_per_s: number
  payload_bytes: number
}

export const webhookEvents = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const
export type WebhookEvent = (typeof webhookEvents)[number]

export interface Webhook {
  url: string
  events: WebhookEvent[]
  /** Empty = all channels. */
  channel_prefix: string
}

export interface ConnectedApp {
  /** A number as text. */
  id: string
  name: string
  key: string
  /** Those of the settings cannot be changed here. */
  source: 'settings' | 'database'
  enabled: boolean
  client_events: boolean
  subscription_counts: boolean
  /** Empty = all. */
  allowed_origins: string[]
  limits: AppLimits
  webhooks: Webhook[]
  created_at: string | null
  /** The version of the app: a change names the one it was made from. */
  updated_at: string | null
  live: { connections: number; channels: number }
  /** Only in the answer that made it, and not in a repeat of that. */
  secret?: string
}

/** What an app is made or changed with; what is left out stays. */
export interface AppChanges {
  name?: string
  enabled?: boolean
  client_events?: boolean
  subscription_counts?: boolean
  allowed_origins?: string[]
  limits?: AppLimits
  webhooks?: Webhook[]
}

/** How the deliveries to one address are doing. */
export interface WebhookStanding {
  url: string
  waiting: number
  dead: number
  failures: number
  failing_since: string | null
  next_try_at: string | null
  last_error: string | null
}

export interface DeadLetter {
  id: string
  url: string
  event: Record<string, unknown> | null
  attempts: number
  created_at: string
  died_at: string
  reason: string
}

export const consoleKinds = [
  'connected',
  'disconnected',
  'refused',
  'signed_in',
  'subscribed',
  'unsubscribed',
  'occupied',
  'vacated',
  'member_added',
  'member_removed',
  'count',
  'client_event',
  'api_event',
  'api_refused',
  'cache_miss',
  'webhook_sent',
  'webhook_failed',
] as const
export type ConsoleKind = (typeof consoleKinds)[number]

/** One thing that happened in an app. */
export interface ConsoleLine {
  id: string
  at: string
  node: string
  /** One of `consoleKinds`, or one a newer server knows. */
  kind: string
  channel: string | null
  event: string | null
  socket_id: string | null
  user_id: string | null
  /** The first 500 characters of the payload. */
  data: string | null
  /** The whole length of the payload. */
  bytes: number | null
  code: number | null
  reason: string | null
}

/** `app.console` on the app's console channel. */
export interface ConsoleFrame {
  lines: ConsoleLine[]
  /** How many more happened than a frame may hold. */
  skipped: number
}

/** What the event creator sends: an event that an admin triggers on channels of a connected app. */
export interface TriggeredEvent {
  channels: string[]
  name: string
  data: unknown
}
