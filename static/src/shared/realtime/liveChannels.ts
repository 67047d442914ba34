/** Channels beyond the user's own that open screens listen to: one conversation, one counsellor's slots. */

/** What the live connection offers while it is there. */
export interface ChannelPort {
  subscribe: (channel: string) => void
  unsubscribe: (channel: string) => void
  /** Sends a client event; false when it could not leave. */
  trigger: (channel: string, event: string, data: unknown) => boolean
}

const wanted = new Map<string, number>()
let port: ChannelPort | null = null

/** Joins `channel` as soon as there is a connection, and after every reconnect; returns the function that leaves it. */
export function joinChannel(channel: string): () => void {
  const screens = wanted.get(channel) ?? 0
  wanted.set(channel, screens + 1)
  if (screens === 0) port?.subscribe(channel)
  let hasLeft = false
  return () => {
    if (hasLeft) return
    hasLeft = true
    leaveChannel(channel)
  }
}

/** Sends a client event on a joined channel; what cannot leave now is not kept. */
export function triggerOn(channel: string, event: string, data: unknown): boolean {
  return port !== null && wanted.has(channel) && port.trigger(channel, event, data)
}

/** The connection is there: joins what the screens want. */
export function attachPort(next: ChannelPort): void {
  port = next
  for (const channel of wanted.keys()) next.subscribe(channel)
}

/** The connection is gone for good. */
export function detachPort(former: ChannelPort): void {
  if (port === former) port = null
}

function leaveChannel(channel: string): void {
  const count = (wanted.get(channel) ?? 1) - 1
  if (count > 0) {
    wanted.set(channel, count)
    return
  }
  wanted.delete(channel)
  port?.unsubscribe(channel)
}
