import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/shared/api/problem'
import type { NoticeCreated } from '@/shared/api/types'
import { noticeOf } from '../../support/samples'

const api = vi.hoisted(() => ({ fetchRealtimeInfo: vi.fn(), fetchSync: vi.fn(), fetchMe: vi.fn() }))
const sockets = vi.hoisted(() => [] as { handlers: import('@/shared/realtime/socket').SocketHandlers; close: () => void }[])

vi.mock('@/shared/api/realtime', () => api)
vi.mock('@/shared/api/auth', () => api)
vi.mock('@/shared/realtime/socket', () => ({
  RealtimeSocket: class {
    reconnect = vi.fn()
    close = vi.fn()
    constructor(
      _: unknown,
      readonly handlers: import('@/shared/realtime/socket').SocketHandlers,
    ) {
      sockets.push(this)
    }
  },
}))

const { onRealtime } = await import('@/shared/realtime/events')
const { RealtimeController } = await import('@/shared/realtime/controller')

const from = { channel: 'private-user.u1' }

function makeSink() {
  return {
    onSchool: vi.fn(),
    onConnection: vi.fn(),
    onNotice: vi.fn<(notice: NoticeCreated) => void>(),
    onMissedNotices: vi.fn<(notices: NoticeCreated[]) => void>(),
    onNoticeState: vi.fn(),
    onSessionEnded: vi.fn(),
  }
}

const syncPage = (ids: string[], cursor: string) => ({
  events: ids.map((id) => ({ id: `log-${id}`, event: 'notice.created', data: noticeOf(id, id) })),
  cursor,
  more: false,
})

async function startedController(sink = makeSink()) {
  const controller = new RealtimeController('u1', sink)
  await controller.start()
  const handlers = sockets.at(-1)?.handlers
  if (!handlers) throw new Error('no socket')
  return { controller, sink, handlers }
}

describe('RealtimeController', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    api.fetchRealtimeInfo.mockResolvedValue({ key: 'k', channels: [], cursor: '10' })
    api.fetchSync.mockResolvedValue(syncPage([], '10'))
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.resetAllMocks()
  })

  it('tells the zone of the school to every role', async () => {
    api.fetchRealtimeInfo.mockResolvedValue({ key: 'k', channels: [], cursor: '10', school: { zone: 'Asia/Makassar' } })
    const { sink } = await startedController()
    expect(sink.onSchool).toHaveBeenCalledWith({ zone: 'Asia/Makassar' })
  })

  it('starts a new browser at the newest position', async () => {
    const { handlers } = await startedController()
    handlers.onReady(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(api.fetchSync).toHaveBeenCalledWith('10')
  })

  it('has a new browser fetch its lists again: nobody knows what came between them and its position', async () => {
    const stale = vi.fn()
    const stop = onRealtime('lists.stale', stale)
    const { handlers } = await startedController()
    handlers.onReady(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(stale).toHaveBeenCalledTimes(1)
    localStorage.setItem('educounsel.cursor.u1', '7')
    const { handlers: second } = await startedController()
    second.onReady(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(stale).toHaveBeenCalledTimes(1)
    stop()
  })

  it('brings what was missed since the stored position', async () => {
    localStorage.setItem('educounsel.cursor.u1', '7')
    api.fetchSync.mockResolvedValue(syncPage(['8', '9', '10'], '10'))
    const { handlers, sink } = await startedController()
    handlers.onReady(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(api.fetchSync).toHaveBeenCalledWith('7')
    expect(sink.onMissedNotices.mock.calls[0]?.[0].map(({ id }) => id)).toEqual(['8', '9', '10'])
    expect(localStorage.getItem('educounsel.cursor.u1')).toBe('10')
  })

  it('gives each notice once, whichever way it came', async () => {
    api.fetchSync.mockResolvedValue(syncPage(['11', '12'], '12'))
    const { handlers, sink } = await startedController()
    handlers.onEvent('notice.created', noticeOf('11'), from)
    handlers.onReady(true)
    await vi.advanceTimersByTimeAsync(0)
    handlers.onEvent('notice.created', noticeOf('12'), from)
    expect(sink.onNotice).toHaveBeenCalledTimes(1)
    expect(sink.onMissedNotices.mock.calls[0]?.[0].map(({ id }) => id)).toEqual(['12'])
  })

  it('does not let a live event move the position over a gap', async () => {
    const { handlers } = await startedController()
    handlers.onReady(true)
    await vi.advanceTimersByTimeAsync(0)
    handlers.onLost()
    handlers.onEvent('notice.created', noticeOf('20'), from)
    expect(localStorage.getItem('educounsel.cursor.u1')).toBe('10')
  })

  it('waits a random moment after a reconnect', async () => {
    const { handlers } = await startedController()
    vi.spyOn(Math, 'random').mockReturnValue(0.99)
    handlers.onReady(false)
    await vi.advanceTimersByTimeAsync(1_400)
    expect(api.fetchSync).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(100)
    expect(api.fetchSync).toHaveBeenCalledTimes(1)
  })

  it('tries the sync again when it failed', async () => {
    api.fetchSync.mockRejectedValueOnce(new ApiError({ code: 'client.offline' }))
    const { handlers, sink } = await startedController()
    handlers.onReady(true)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(sink.onMissedNotices).toHaveBeenCalledTimes(1)
  })

  it('tells the screens about a durable event once, from the socket or from the sync', async () => {
    const heard = vi.fn()
    const stop = onRealtime('message.created', heard)
    const message = { id: 'e1', cursor: '11', message: { id: 'm1' } }
    api.fetchSync.mockResolvedValue({
      events: [
        { id: 'e1', event: 'message.created', data: message },
        { id: 'e2', event: 'message.created', data: { id: 'e2', message: { id: 'm2' } } },
      ],
      cursor: '12',
      more: false,
    })
    const { handlers } = await startedController()
    handlers.onEvent('message.created', message, from)
    handlers.onReady(true)
    await vi.advanceTimersByTimeAsync(0)
    handlers.onEvent('message.created', message, from)
    expect(heard.mock.calls.map(([event]) => event.id)).toEqual(['e1', 'e2'])
    stop()
  })

  it('knows the conversation of a passing event by its channel', async () => {
    const heard = vi.fn()
    const stops = [onRealtime('typing', heard), onRealtime('message.read', heard)]
    const { handlers } = await startedController()
    const channel = 'presence-conversation.c1'
    handlers.onEvent('client-typing', {}, { channel, userId: 'g1' })
    handlers.onEvent('client-typing', {}, { channel })
    handlers.onEvent('message.read', { user_id: 'g1', delivered_seq: 2, read_seq: 1 }, { channel })
    expect(heard.mock.calls.map(([event]) => event)).toEqual([
      { conversation_id: 'c1', user_id: 'g1' },
      { conversation_id: 'c1', user_id: 'g1', delivered_seq: 2, read_seq: 1 },
    ])
    for (const stop of stops) stop()
  })

  it('ends the session only when the server says it is over', async () => {
    const { handlers, sink } = await startedController()
    api.fetchMe.mockResolvedValueOnce({})
    handlers.onEvent('session.ended', { session_id: 'another', reason: 'revoked' }, from)
    await vi.advanceTimersByTimeAsync(0)
    expect(sink.onSessionEnded).not.toHaveBeenCalled()
    api.fetchMe.mockRejectedValueOnce(new ApiError({ code: 'auth.required', status: 401 }))
    handlers.onEvent('session.ended', { session_id: 'mine', reason: 'revoked' }, from)
    await vi.advanceTimersByTimeAsync(0)
    expect(sink.onSessionEnded).toHaveBeenCalledWith('revoked')
  })
})
