/** What the admin writes about an app: fields as text, what is wrong with them, and what of it is a change. */
import type { AppChanges, AppLimits, ConnectedApp } from '@/shared/api/appTypes'

export interface AppForm {
  name: string
  /** One per line. */
  origins: string
  clientEvents: boolean
  subscriptionCounts: boolean
  /** As typed; empty = the default. */
  limits: Record<keyof AppLimits, string>
}

export type AppProblem = 'required' | 'too_long' | 'origin' | 'tooManyOrigins' | 'whole' | 'payload'
/** Keys are those the API uses in `errors[].field`. */
export type AppProblems = Partial<Record<AppField, AppProblem>>
export type AppField = 'name' | 'allowed_origins' | `limits.${keyof AppLimits}`

/** 0 = no limit; 10 KiB of data as the protocol has it. */
export const defaultLimits: AppLimits = { connections: 0, channels: 0, events_per_s: 0, payload_bytes: 10_240 }
export const limitNames = ['connections', 'channels', 'events_per_s', 'payload_bytes'] as const
export const mostPayloadBytes = 102_400
export const mostOrigins = 50
const mostOfLimit = 4_294_967_295
const longestName = 120

/** The form of a new app: clients may send events, everybody may connect. */
export function emptyForm(): AppForm {
  return formOf({ name: '', allowed_origins: [], client_events: true, subscription_counts: false, limits: defaultLimits })
}

/** The form that shows an app as it is. */
export function formOf(app: Pick<ConnectedApp, 'name' | 'allowed_origins' | 'client_events' | 'subscription_counts' | 'limits'>): AppForm {
  const { connections, channels, events_per_s, payload_bytes } = app.limits
  return {
    name: app.name,
    origins: app.allowed_origins.join('\n'),
    clientEvents: app.client_events,
    subscriptionCounts: app.subscription_counts,
    limits: {
      connections: String(connections),
      channels: String(channels),
      events_per_s: String(events_per_s),
      payload_bytes: String(payload_bytes),
    },
  }
}

/** The origins in a text, as the server will keep them: small letters, no slash at the end. */
export function originsOf(text: string): string[] {
  const origins = text
    .split(/[\s,]+/)
    .map((origin) => origin.replace(/\/+$/, '').toLowerCase())
    .filter(Boolean)
  return [...new Set(origins)]
}

/** The first entry that is no origin: scheme and host, perhaps a port, nothing behind. */
export function wrongOrigin(text: string): string | null {
  return originsOf(text).find((origin) => !/^https?:\/\/[^/?#@\s]+$/.test(origin) || origin.length > 500) ?? null
}

/** What must be changed before the form can be sent; empty when all is well. */
export function problemsOf(form: AppForm): AppProblems {
  const problems: AppProblems = {}
  const name = form.name.trim()
  if (!name) problems.name = 'required'
  else if ([...name].length > longestName) problems.name = 'too_long'
  if (wrongOrigin(form.origins)) problems.allowed_origins = 'origin'
  else if (originsOf(form.origins).length > mostOrigins) problems.allowed_origins = 'tooManyOrigins'
  for (const limit of limitNames) {
    const value = limitOf(form, limit)
    if (limit === 'payload_bytes' && !(value >= 1 && value <= mostPayloadBytes)) problems['limits.payload_bytes'] = 'payload'
    else if (!(value >= 0 && value <= mostOfLimit)) problems[`limits.${limit}`] = 'whole'
  }
  return problems
}

/** The whole app as it is made with. */
export function newAppOf(form: AppForm): AppChanges & { name: string } {
  return {
    name: form.name.trim(),
    allowed_origins: originsOf(form.origins),
    client_events: form.clientEvents,
    subscription_counts: form.subscriptionCounts,
    limits: limitsOf(form),
  }
}

/** What the form changes about the app it was filled from; empty when nothing. */
export function changesOf(form: AppForm, app: ConnectedApp): AppChanges {
  const wanted = newAppOf(form)
  const changes: AppChanges = {}
  if (wanted.name !== app.name) changes.name = wanted.name
  if (JSON.stringify(wanted.allowed_origins) !== JSON.stringify(app.allowed_origins)) changes.allowed_origins = wanted.allowed_origins
  if (wanted.client_events !== app.client_events) changes.client_events = wanted.client_events
  if (wanted.subscription_counts !== app.subscription_counts) changes.subscription_counts = wanted.subscription_counts
  if (limitNames.some((name) => limitsOf(form)[name] !== app.limits[name])) changes.limits = limitsOf(form)
  return changes
}

/** The form over a newer version of its app: what was written stays, everything else becomes what the colleague made of it. */
export function rebased(form: AppForm, before: ConnectedApp, now: ConnectedApp): AppForm {
  const old = formOf(before)
  const fresh = formOf(now)
  const pick = <Value>(written: Value, was: Value, is: Value) => (written === was ? is : written)
  const limits = { ...fresh.limits }
  for (const name of limitNames) limits[name] = pick(form.limits[name], old.limits[name], fresh.limits[name])
  return {
    name: pick(form.name, old.name, fresh.name),
    origins: pick(form.origins, old.origins, fresh.origins),
    clientEvents: pick(form.clientEvents, old.clientEvents, fresh.clientEvents),
    subscriptionCounts: pick(form.subscriptionCounts, old.subscriptionCounts, fresh.subscriptionCounts),
    limits,
  }
}

/** The limits of the form; NaN where it has no whole number. */
function limitsOf(form: AppForm): AppLimits {
  return {
    connections: limitOf(form, 'connections'),
    channels: limitOf(form, 'channels'),
    events_per_s: limitOf(form, 'events_per_s'),
    payload_bytes: limitOf(form, 'payload_bytes'),
  }
}

function limitOf(form: AppForm, name: keyof AppLimits): number {
  const text = form.limits[name].trim()
  if (!text) return defaultLimits[name]
  return /^\d+$/.test(text) ? Number(text) : NaN
}
