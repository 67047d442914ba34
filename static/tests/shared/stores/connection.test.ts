import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useConnection } from '@/shared/stores/connection'

describe('connection store', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    setActivePinia(createPinia())
  })

  it('says nothing about a quick connect, something about a slow one', () => {
    const connection = useConnection()
    connection.follow('connecting')
    expect(connection.state).toBe('quiet')
    vi.advanceTimersByTime(1_500)
    expect(connection.state).toBe('connecting')
    connection.follow('online')
    expect(connection.state).toBe('quiet')
  })

  it('keeps the time it went offline until it is back, then says so for a while', () => {
    const connection = useConnection()
    connection.follow('offline')
    const since = connection.offlineSince
    vi.advanceTimersByTime(60_000)
    connection.follow('connecting')
    connection.follow('offline')
    expect(connection.offlineSince).toEqual(since)
    expect(connection.state).toBe('offline')
    connection.follow('online')
    expect(connection.state).toBe('back')
    vi.advanceTimersByTime(4_000)
    expect(connection.state).toBe('quiet')
  })
})
