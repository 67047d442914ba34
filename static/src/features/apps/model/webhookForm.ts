/** The webhooks of an app: what the admin writes, and the list with one added, changed or taken away. */
import type { Webhook, WebhookEvent, WebhookStanding } from '@/shared/api/appTypes'

const choice: Record<WebhookEvent, true> = {
  channel_occupied: true,
  channel_vacated: true,
  member_added: true,
  member_removed: true,
  client_event: true,
  cache_miss: true,
  subscription_count: true,
}
/** What an app can be told of, in the order of the form. */
export const webhookEvents = Object.keys(choice) as WebhookEvent[]

export type WebhookProblem = 'required' | 'url' | 'too_long'
export type WebhookProblems = Partial<Record<'url' | 'events' | 'channel_prefix', WebhookProblem>>

export const mostWebhooks = 10
const longestUrl = 500
const longestPrefix = 200

/** What must be changed before the webhook can be saved; empty when all is well. */
export function webhookProblems(webhook: Webhook): WebhookProblems {
  const problems: WebhookProblems = {}
  const url = webhook.url.trim()
  if (!url) problems.url = 'required'
  else if (url.length > longestUrl) problems.url = 'too_long'
  else if (!isWebAddress(url)) problems.url = 'url'
  if (webhook.events.length === 0) problems.events = 'required'
  if (webhook.channel_prefix.trim().length > longestPrefix) problems.channel_prefix = 'too_long'
  return problems
}

/** As it is sent: trimmed, each event once and in the order of the list. */
export function cleanedWebhook(webhook: Webhook): Webhook {
  return {
    url: webhook.url.trim(),
    events: webhookEvents.filter((event) => webhook.events.includes(event)),
    channel_prefix: webhook.channel_prefix.trim(),
  }
}

/** Takes an event into the choice, or out of it. */
export function toggled(events: WebhookEvent[], event: WebhookEvent): WebhookEvent[] {
  return events.includes(event) ? events.filter((one) => one !== event) : [...events, event]
}

/** The list with `next` at the place of `former`, or at the end; null when `former` is not there (any more). */
export function withWebhook(webhooks: Webhook[], former: Webhook | null, next: Webhook): Webhook[] | null {
  if (!former) return [...webhooks, next]
  const index = indexOf(webhooks, former)
  return index === -1 ? null : webhooks.map((one, at) => (at === index ? next : one))
}

/** The list without one webhook; without change when somebody else took it away. */
export function withoutWebhook(webhooks: Webhook[], gone: Webhook): Webhook[] {
  const index = indexOf(webhooks, gone)
  return webhooks.filter((_, at) => at !== index)
}

/** How the address of a webhook is doing; null before its first event. */
export function standingOf(standings: WebhookStanding[], url: string): WebhookStanding | null {
  return standings.find((standing) => standing.url === url) ?? null
}

/** Addresses no webhook names any more that still have events waiting or dead. */
export function leftBehind(standings: WebhookStanding[], webhooks: Webhook[]): WebhookStanding[] {
  return standings.filter(({ url, waiting, dead }) => waiting + dead > 0 && webhooks.every((webhook) => webhook.url !== url))
}

function indexOf(webhooks: Webhook[], wanted: Webhook): number {
  const text = JSON.stringify(cleanedWebhook(wanted))
  return webhooks.findIndex((webhook) => JSON.stringify(cleanedWebhook(webhook)) === text)
}

function isWebAddress(url: string): boolean {
  return /^https?:\/\/[^\s/@#][^\s@#]*$/.test(url) && URL.canParse(url)
}
