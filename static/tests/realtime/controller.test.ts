import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/api/problem'
import type { NoticeCreated } from '@/api/types'
import { noticeOf } from '../samples'

const api = vi.hoisted(() => ({ fetchRealtimeInfo: vi.fn(), fetchSync: vi.fn(), fetchMe: vi.fn() }))
const sockets = vi.hoisted(() => [] as { handlers: import('@/realtime/socket').SocketHandlers; close: () => void }[])

vi.mock('@/api/realtime', () => api)
vi.mock('@/api/auth', () => api)
vi.mock('@/realtime/socket', () => ({
  RealtimeSocket: class {
    reconnect = vi.fn()
    close = vi.fn()
    constructor(_: unknown, readonly handlers: import('@/realtime/socket').SocketHandlers) {
      sockets.push(this)
    }
  },
}))

const { RealtimeController } = await import('@/realtime/controller')

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
    handlers.onEvent('notice.created', noticeOf('11'))
    handlers.onReady(true)
    await vi.advanceTimersByTimeAsync(0)
    handlers.onEvent('notice.created', noticeOf('12'))
    expect(sink.onNotice).toHaveBeenCalledTimes(1)
    expect(sink.onMissedNotices.mock.calls[0]?.[0].map(({ id }) => id)).toEqual(['12'])
  })

  it('does not let a live event move the position over a gap', async () => {
    const { handlers } = await startedController()
    handlers.onReady(true)
    await vi.advanceTimersByTimeAsync(0)
    handlers.onLost()
    handlers.onEvent('notice.created', noticeOf('20'))
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

  it('ends the session only when the server says it is over', async () => {
    const { handlers, sink } = await startedController()
    api.fetchMe.mockResolvedValueOnce({})
    handlers.onEvent('session.ended', { session_id: 'another', reason: 'revoked' })
    await vi.advanceTimersByTimeAsync(0)
    expect(sink.onSessionEnded).not.toHaveBeenCalled()
    api.fetchMe.mockRejectedValueOnce(new ApiError({ code: 'auth.required', status: 401 }))
    handlers.onEvent('session.ended', { session_id: 'mine', reason: 'revoked' })
    await vi.advanceTimersByTimeAsync(0)
    expect(sink.onSessionEnded).toHaveBeenCalledWith('revoked')
  })
})
