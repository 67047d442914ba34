import Pusher, { type Channel, type PresenceChannel } from 'pusher-js'
import type { RealtimeInfo } from '@/shared/api/types'
import { jitterMs } from './jitter'

export interface SocketHandlers {
  /** Connected, and every channel answered (or the wait for them ran out). `isFirst` tells it from a reconnect. */
  onReady: (isFirst: boolean) => void
  onConnecting: () => void
  onLost: () => void
  /** The server closed with a code after which pusher-js does not come back (4000-4099 and above 4300). */
  onGivenUp: () => void
  onEvent: (event: string, data: unknown, from: EventOrigin) => void
  /** A channel joined later is joined (again); presence channels tell who is there. */
  onJoined?: (channel: string, memberIds: string[] | null) => void
  onMembers?: (channel: string, memberIds: string[]) => void
  /** The server refused the channel: this user may not listen to it (any more). */
  onRefused?: (channel: string) => void
}

/** Where an event came from. */
export interface EventOrigin {
  channel: string
  /** The sender of a client event on a presence channel, as the server says. */
  userId?: string
}

const typingEvent = 'client-typing'

/** How long a channel may take to answer before the sync starts without it. */
const subscriptionWaitMs = 3_000
/** Without a connection for this long the tab counts as offline. */
const lostAfterMs = 6_000
/**
 * After an attempt that failed at once pusher-js waits 15, 30, then 60 s, without jitter. A restarted server is back sooner, and a
 * whole school must not return in the same instant: an attempt is given up after this long, doubled each time, plus up to half.
 */
const attemptBaseMs = 2_500
const attemptMaxMs = 30_000

/** The tab's one connection to the built-in app. */
export class RealtimeSocket {
  private readonly pusher: Pusher
  private readonly channels: string[]
  private readonly handlers: SocketHandlers
  private pendingChannels = new Set<string>()
  private readyTimer: ReturnType<typeof setTimeout> | undefined
  private lostTimer: ReturnType<typeof setTimeout> | undefined
  private attemptTimer: ReturnType<typeof setTimeout> | undefined
  private attempt = 0
  private hasBeenReady = false
  private isRestarting = false
  private isClosing = false

  constructor(info: RealtimeInfo, handlers: SocketHandlers, location: Location = window.location, userId = '') {
    this.channels = info.channels
    this.handlers = handlers
    const isTls = location.protocol === 'https:'
    const port = Number(location.port) || (isTls ? 443 : 80)
    this.pusher = new Pusher(info.key, {
      cluster: '',
      wsHost: location.hostname,
      wsPort: port,
      wssPort: port,
      forceTLS: isTls,
      // Only the one this site speaks: pusher-js otherwise tries TLS on a plain port after a few failures, which delays the return.
      enabledTransports: [isTls ? 'wss' : 'ws'],
      disableStats: true,
      // The session cookie already authorises these channels: answering at once saves a round trip each.
      channelAuthorization: {
        endpoint: '',
        transport: 'ajax',
        customHandler: ({ channelName }, callback) =>
          callback(null, {
            auth: '',
            ...(channelName.startsWith('presence-') && { channel_data: JSON.stringify({ user_id: userId }) }),
          }),
      },
    })
    this.bindConnection()
    for (const name of this.channels) this.bindChannel(name)
  }

  /** Tries again after `onGivenUp`. */
  reconnect(): void {
    this.pusher.connect()
  }

  /** Joins one more channel; it is joined again after every reconnect. */
  subscribe(name: string): void {
    if (this.channels.includes(name) || this.pusher.channel(name)) return
    this.bindLaterChannel(name, this.bindEvents(name))
  }

  /** Leaves a channel joined by `subscribe`. */
  unsubscribe(name: string): void {
    if (!this.channels.includes(name)) this.pusher.unsubscribe(name)
  }

  /** Sends a client event; false when the channel is not joined. */
  trigger(name: string, event: string, data: unknown): boolean {
    const channel = this.pusher.channel(name)
    return channel?.subscribed === true && channel.trigger(event, data)
  }

  /** Ends the connection for good; no handler is called after this. */
  close(): void {
    this.isClosing = true
    clearTimeout(this.readyTimer)
    this.endAttempts()
    this.pusher.disconnect()
  }

  private bindConnection(): void {
    this.pusher.connection.bind('state_change', (states: { current: string }) => {
      if (this.isClosing || this.isRestarting) return
      if (states.current === 'connected') {
        this.endAttempts()
        this.awaitChannels()
      } else if (states.current === 'connecting') {
        this.handlers.onConnecting()
        this.limitAttempt()
      } else if (states.current === 'unavailable') {
        this.handlers.onLost()
      } else if (states.current === 'disconnected' || states.current === 'failed') {
        this.endAttempts()
        this.handlers.onLost()
        this.handlers.onGivenUp()
      }
    })
  }

  private limitAttempt(): void {
    this.lostTimer ??= setTimeout(() => this.handlers.onLost(), lostAfterMs)
    const limitMs = Math.min(attemptMaxMs, attemptBaseMs * 2 ** this.attempt)
    clearTimeout(this.attemptTimer)
    this.attemptTimer = setTimeout(() => this.tryAgain(), limitMs + jitterMs(limitMs / 2))
  }

  private tryAgain(): void {
    this.attempt += 1
    this.isRestarting = true
    this.pusher.disconnect()
    this.isRestarting = false
    this.pusher.connect()
  }

  private endAttempts(): void {
    clearTimeout(this.lostTimer)
    clearTimeout(this.attemptTimer)
    this.lostTimer = undefined
    this.attempt = 0
  }

  private bindChannel(name: string): void {
    const channel = this.bindEvents(name)
    const settle = () => this.settleChannel(name)
    channel.bind('pusher:subscription_succeeded', settle)
    channel.bind('pusher:subscription_error', settle)
  }

  private bindEvents(name: string): Channel {
    const channel = this.pusher.subscribe(name)
    channel.bind_global((event: string, data: unknown) => {
      if (event.startsWith('pusher:') || event.startsWith('client-') || this.isClosing) return
      this.handlers.onEvent(event, data, { channel: name })
    })
    return channel
  }

  private bindLaterChannel(name: string, channel: Channel): void {
    const isPresence = name.startsWith('presence-')
    const memberIds = () => Object.keys((channel as PresenceChannel).members.members as Record<string, unknown>)
    const unlessClosing = (handler: () => void) => () => {
      if (!this.isClosing) handler()
    }
    const reportMembers = unlessClosing(() => this.handlers.onMembers?.(name, memberIds()))
    channel.bind(
      'pusher:subscription_succeeded',
      unlessClosing(() => this.handlers.onJoined?.(name, isPresence ? memberIds() : null)),
    )
    channel.bind(
      'pusher:subscription_error',
      unlessClosing(() => this.handlers.onRefused?.(name)),
    )
    if (!isPresence) return
    channel.bind('pusher:member_added', reportMembers)
    channel.bind('pusher:member_removed', reportMembers)
    // Who sent a client event is told to listeners of that event only, not to global ones.
    channel.bind(typingEvent, (data: unknown, metadata?: { user_id?: string }) => {
      if (!this.isClosing) this.handlers.onEvent(typingEvent, data, { channel: name, userId: metadata?.user_id })
    })
  }

  /** What happens between "connected" and "subscribed" is in no frame; the sync starts after both. */
  private awaitChannels(): void {
    this.pendingChannels = new Set(this.channels)
    clearTimeout(this.readyTimer)
    this.readyTimer = setTimeout(() => this.announceReady(), subscriptionWaitMs)
    if (this.channels.length === 0) this.announceReady()
  }

  private settleChannel(name: string): void {
    if (this.pendingChannels.delete(name) && this.pendingChannels.size === 0) this.announceReady()
  }

  private announceReady(): void {
    clearTimeout(this.readyTimer)
    this.pendingChannels.clear()
    const isFirst = !this.hasBeenReady
    this.hasBeenReady = true
    if (!this.isClosing) this.handlers.onReady(isFirst)
  }
}
