/** The event creator: channels, a name and data, as typed. */
import type { TriggeredEvent } from '@/shared/api/appTypes'

export interface EventForm {
  /** One per line or separated by spaces. */
  channels: string
  name: string
  data: string
}

export type EventProblem = 'required' | 'channel' | 'tooManyChannels' | 'encrypted' | 'too_long'
export type EventProblems = Partial<Record<keyof EventForm, EventProblem>>

export const mostChannels = 100
const longestName = 200

/** The channels in the text, each once. */
export function channelsOf(text: string): string[] {
  return [...new Set(text.split(/\s+/).filter(Boolean))]
}

/** What must be changed before the event can be sent; empty when all is well. */
export function eventProblems(form: EventForm): EventProblems {
  const problems: EventProblems = {}
  const channels = channelsOf(form.channels)
  if (channels.length === 0) problems.channels = 'required'
  else if (channels.length > mostChannels) problems.channels = 'tooManyChannels'
  else if (channels.some((channel) => !isChannel(channel))) problems.channels = 'channel'
  // Only who has the master key can write what subscribers can read.
  else if (channels.some((channel) => channel.startsWith('private-encrypted-'))) problems.channels = 'encrypted'
  if (!form.name.trim()) problems.name = 'required'
  else if (form.name.trim().length > longestName) problems.name = 'too_long'
  return problems
}

/** Whether the data is JSON; other text is sent as the text it is. */
export function isJson(data: string): boolean {
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}

/** The event as it is sent. */
export function eventOf(form: EventForm): TriggeredEvent {
  const data: unknown = isJson(form.data) ? JSON.parse(form.data) : form.data
  return { channels: channelsOf(form.channels), name: form.name.trim(), data }
}

/** Signs the protocol allows; a `#` in front names the server's own channels. */
function isChannel(name: string): boolean {
  return name.length <= 200 && /^#?[A-Za-z0-9_\-=@,.;]+$/.test(name)
}
