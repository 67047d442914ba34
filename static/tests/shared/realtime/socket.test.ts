import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

type StateListener = (states: { current: string }) => void

const pushers = vi.hoisted(() => [] as FakePusher[])

/** What RealtimeSocket uses of pusher-js. `enter` stands for what the network does. */
class FakePusher {
  connect = vi.fn(() => this.enter('connecting'))
  disconnect = vi.fn(() => this.enter('disconnected'))
  private listener: StateListener = () => undefined
  connection = { bind: (_: string, listener: StateListener) => (this.listener = listener) }

  constructor(
    _key: string,
    readonly options: { enabledTransports: string[] },
  ) {
    pushers.push(this)
  }

  subscribe = () => ({ bind: () => undefined, bind_global: () => undefined })
  enter = (current: string) => this.listener({ current })
}

vi.mock('pusher-js', () => ({ default: FakePusher }))

const { RealtimeSocket } = await import('@/shared/realtime/socket')

function openSocket(protocol = 'http:') {
  const handlers = { onReady: vi.fn(), onConnecting: vi.fn(), onLost: vi.fn(), onGivenUp: vi.fn(), onEvent: vi.fn() }
  const location = { protocol, hostname: 'bk.sekolah', port: '' } as Location
  const socket = new RealtimeSocket({ key: 'k', channels: [], cursor: '1' } as never, handlers, location)
  const pusher = pushers.at(-1)
  if (!pusher) throw new Error('no pusher')
  return { socket, handlers, pusher }
}

describe('RealtimeSocket', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.spyOn(Math, 'random').mockReturnValue(0)
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('speaks only the transport of the site', () => {
    expect(openSocket('http:').pusher.options.enabledTransports).toEqual(['ws'])
    expect(openSocket('https:').pusher.options.enabledTransports).toEqual(['wss'])
  })

  it('tries again after growing pauses, until connected', () => {
    const { pusher, handlers } = openSocket()
    pusher.enter('connecting')
    vi.advanceTimersByTime(2_500)
    expect(pusher.connect).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(4_999)
    expect(pusher.connect).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1)
    expect(pusher.connect).toHaveBeenCalledTimes(2)
    pusher.enter('connected')
    vi.advanceTimersByTime(120_000)
    expect(pusher.connect).toHaveBeenCalledTimes(2)
    expect(handlers.onReady).toHaveBeenCalledTimes(1)
    expect(handlers.onGivenUp).not.toHaveBeenCalled()
  })

  it('says that it is lost once it has been away for 6 s', () => {
    const { pusher, handlers } = openSocket()
    pusher.enter('connected')
    pusher.enter('connecting')
    vi.advanceTimersByTime(5_999)
    expect(handlers.onLost).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(handlers.onLost).toHaveBeenCalledTimes(1)
  })

  it('gives up when the server refused it, and does not try by itself', () => {
    const { pusher, handlers } = openSocket()
    pusher.enter('connecting')
    pusher.enter('disconnected')
    vi.advanceTimersByTime(120_000)
    expect(handlers.onGivenUp).toHaveBeenCalledTimes(1)
    expect(pusher.connect).not.toHaveBeenCalled()
  })

  it('is silent after it was closed', () => {
    const { socket, pusher, handlers } = openSocket()
    pusher.enter('connecting')
    socket.close()
    vi.advanceTimersByTime(120_000)
    expect(pusher.connect).not.toHaveBeenCalled()
    expect(handlers.onGivenUp).not.toHaveBeenCalled()
  })
})
