import { describe, expect, it, vi } from 'vitest'
import { attachPort, detachPort, joinChannel, triggerOn } from '@/shared/realtime/liveChannels'

const makePort = () => ({ subscribe: vi.fn(), unsubscribe: vi.fn(), trigger: vi.fn(() => true) })

describe('channels of open screens', () => {
  it('are joined when the connection comes, and on the next one too', () => {
    const leave = joinChannel('a')
    const first = makePort()
    attachPort(first)
    detachPort(first)
    const second = makePort()
    attachPort(second)
    expect(first.subscribe).toHaveBeenCalledWith('a')
    expect(second.subscribe).toHaveBeenCalledWith('a')
    leave()
    detachPort(second)
  })

  it('are joined once by several screens, and left after the last one', () => {
    const port = makePort()
    attachPort(port)
    const leaves = [joinChannel('b'), joinChannel('b')]
    leaves[0]?.()
    leaves[0]?.()
    expect(port.unsubscribe).not.toHaveBeenCalled()
    leaves[1]?.()
    expect(port.subscribe).toHaveBeenCalledTimes(1)
    expect(port.unsubscribe).toHaveBeenCalledTimes(1)
    detachPort(port)
  })

  it('take client events only while joined', () => {
    expect(triggerOn('d', 'client-typing', {})).toBe(false)
    const port = makePort()
    attachPort(port)
    const leave = joinChannel('d')
    expect(triggerOn('d', 'client-typing', {})).toBe(true)
    leave()
    expect(triggerOn('d', 'client-typing', {})).toBe(false)
    detachPort(port)
  })
})
