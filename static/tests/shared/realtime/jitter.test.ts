import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { coalesce } from '@/shared/realtime/jitter'

describe('coalesce', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('runs once for a burst, within base and spread', () => {
    const task = vi.fn()
    const soon = coalesce(task, 300, () => 1000)
    for (let index = 0; index < 20; index += 1) soon.request()
    vi.advanceTimersByTime(299)
    expect(task).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1001)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('does not run once cancelled', () => {
    const task = vi.fn()
    const soon = coalesce(task, 10, () => 0)
    soon.request()
    soon.cancel()
    vi.runAllTimers()
    expect(task).not.toHaveBeenCalled()
  })
})
