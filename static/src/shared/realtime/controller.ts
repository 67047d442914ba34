import { fetchRealtimeInfo, fetchSync } from '@/shared/api/realtime'
import { fetchMe } from '@/shared/api/auth'
import { asApiError } from '@/shared/api/problem'
import type { NoticeCreated, NoticeState, RealtimeInfo, SessionEnded } from '@/shared/api/types'
import { Cursor } from './cursor'
import { emitDurable, emitPassing, isDurable } from './deskEvents'
import { emitRealtime, type EventData } from './events'
import { jitterMs } from './jitter'
import { attachPort, detachPort } from './liveChannels'
import { SeenIds } from './seenIds'
import { RealtimeSocket, type EventOrigin } from './socket'
import { collectMissed, identityOf } from './sync'

/** What the rest of the UI does with what the realtime layer finds out. */
export interface RealtimeSink {
  /** What the server says about the school. */
  onSchool: (school: NonNullable<RealtimeInfo['school']>) => void
  onConnection: (state: 'connecting' | 'online' | 'offline') => void
  /** One new notice on the socket. */
  onNotice: (notice: NoticeCreated) => void
  /** The notices one sync brought, oldest first; called after every sync, also with none. */
  onMissedNotices: (notices: NoticeCreated[]) => void
  onNoticeState: (state: NoticeState) => void
  onSessionEnded: (reason: SessionEnded['reason']) => void
}

const reconnectSpreadMs = 1_500
const retryBaseMs = 2_000
const retryMaxMs = 30_000

/** Keeps one user's tab up to date: one socket, one position in the log, every event once. */
export class RealtimeController {
  private socket: RealtimeSocket | null = null
  private readonly cursor: Cursor
  private readonly seen = new SeenIds()
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private attempt = 0
  private isStopped = false
  /** False while a sync is due or running: a live event must not move the cursor over the gap. */
  private isInSync = false
  /** True while nothing tells what happened between the first lists and the first position. */
  private hasBlindSpot = false
  private endReason: SessionEnded['reason'] = 'expired'

  constructor(
    private readonly userId: string,
    private readonly sink: RealtimeSink,
  ) {
    this.cursor = new Cursor(userId)
  }

  /** Connects; retries with growing pauses until it works or `stop` is called. */
  async start(): Promise<void> {
    this.sink.onConnection('connecting')
    try {
      const info = await fetchRealtimeInfo()
      if (this.isStopped) return
      if (info.school) this.sink.onSchool(info.school)
      if (this.cursor.value === null) {
        this.cursor.moveTo(info.cursor)
        this.hasBlindSpot = true
      }
      this.socket = new RealtimeSocket(
        info,
        {
          onReady: (isFirst) => void this.catchUp(isFirst),
          onConnecting: () => this.leaveSync('connecting'),
          onLost: () => this.leaveSync('offline'),
          onGivenUp: () => void this.checkSession(),
          onEvent: (event, data, from) => this.receive(event, data, from),
          onJoined: (channel, memberIds) => {
            emitRealtime('channel.joined', { channel })
            if (memberIds) emitRealtime('channel.members', { channel, user_ids: memberIds })
          },
          onMembers: (channel, memberIds) => emitRealtime('channel.members', { channel, user_ids: memberIds }),
          onRefused: (channel) => emitRealtime('channel.refused', { channel }),
        },
        window.location,
        this.userId,
      )
      attachPort(this.socket)
    } catch {
      this.sink.onConnection('offline')
      this.retryLater(() => void this.start())
    }
  }

  /** Ends the connection and every pending retry. */
  stop(): void {
    this.isStopped = true
    clearTimeout(this.retryTimer)
    if (!this.socket) return
    detachPort(this.socket)
    this.socket.close()
  }

  private leaveSync(state: 'connecting' | 'offline'): void {
    this.isInSync = false
    this.sink.onConnection(state)
  }

  private async catchUp(isFirst: boolean): Promise<void> {
    this.sink.onConnection('online')
    if (!isFirst) await new Promise((resolve) => setTimeout(resolve, jitterMs(reconnectSpreadMs)))
    if (this.isStopped) return
    try {
      const missed = await collectMissed(this.cursor.value ?? '', fetchSync)
      if (this.isStopped) return
      this.attempt = 0
      this.cursor.moveTo(missed.cursor)
      this.isInSync = true
      const fresh = missed.events.filter(({ id, event, data }) => this.seen.add(identityOf(event, data, id)))
      for (const { event, data } of fresh) emitDurable(event, data)
      const notices = fresh.filter(({ event }) => event === 'notice.created').map(({ data }) => data as NoticeCreated)
      this.sink.onMissedNotices(notices)
      if (missed.isReset || !isFirst || this.hasBlindSpot) emitRealtime('lists.stale', undefined)
      this.hasBlindSpot = false
      emitRealtime('realtime.ready', undefined)
    } catch {
      this.retryLater(() => void this.catchUp(isFirst))
    }
  }

  private receive(event: string, data: unknown, from: EventOrigin): void {
    if (event === 'notice.created') this.receiveNotice(data as NoticeCreated)
    else if (event === 'notice.state') this.sink.onNoticeState(data as NoticeState)
    else if (event === 'material.changed') emitRealtime(event, data as EventData['material.changed'])
    else if (event === 'session.ended') {
      this.endReason = (data as SessionEnded).reason
      void this.checkSession()
    } else if (isDurable(event)) this.receiveDurable(event, data)
    else emitPassing(event, data, from)
  }

  private receiveDurable(event: string, data: unknown): void {
    const { id, cursor } = data as { id?: string; cursor?: string }
    if (this.isInSync && cursor) this.cursor.moveTo(cursor)
    // The passing ones among `conversation.changed` have no id and are never repeated.
    if (!id || this.seen.add(identityOf(event, data, id))) emitDurable(event, data)
  }

  private receiveNotice(notice: NoticeCreated): void {
    if (this.isInSync && notice.cursor) this.cursor.moveTo(notice.cursor)
    if (this.seen.add(identityOf('notice.created', notice, notice.id))) this.sink.onNotice(notice)
  }

  /** Was it this session that ended? Only the server knows; otherwise the connection is taken up again. */
  private async checkSession(): Promise<void> {
    try {
      await fetchMe()
    } catch (error) {
      if (asApiError(error).status === 401 && !this.isStopped) {
        this.stop()
        this.sink.onSessionEnded(this.endReason)
        return
      }
    }
    if (!this.isStopped) this.retryLater(() => this.socket?.reconnect())
  }

  private retryLater(task: () => void): void {
    if (this.isStopped) return
    const pauseMs = Math.min(retryMaxMs, retryBaseMs * 2 ** this.attempt)
    this.attempt += 1
    clearTimeout(this.retryTimer)
    this.retryTimer = setTimeout(task, pauseMs + jitterMs(pauseMs / 2))
  }
}
