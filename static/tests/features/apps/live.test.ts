import { flushPromises } from '@vue/test-utils'
import { shallowRef } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { changeApp, fetchApp, keepConsole } from '@/features/apps/api/apps'
import type { ConnectedApp } from '@/shared/api/appTypes'
import { ApiError } from '@/shared/api/problem'
import { useAppSettings } from '@/features/apps/ui/settings/useAppSettings'
import { useConsole } from '@/features/apps/ui/console/useConsole'
import { useVisiblePolling } from '@/shared/composables/useVisiblePolling'
import { i18n } from '@/shared/i18n'
import { emitPassing } from '@/shared/realtime/deskEvents'
import { emitRealtime } from '@/shared/realtime/events'
import { attachPort, detachPort } from '@/shared/realtime/liveChannels'
import { mountApp } from '../../support/mountApp'
import { appOf, lineOf } from './samples'

vi.mock('@/features/apps/api/apps', () => ({ keepConsole: vi.fn(() => Promise.resolve({})), changeApp: vi.fn(), fetchApp: vi.fn() }))

let leave = () => {}
const setHidden = (hidden: boolean) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}
/** Runs what a screen runs, until `leave` or the end of the test. */
async function onScreen<T>(run: () => T): Promise<T> {
  let made = undefined as T
  const { wrapper } = await mountApp({
    setup() {
      made = run()
      return () => null
    },
  })
  leave = () => wrapper.unmount()
  return made
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.clearAllMocks()
})
afterEach(() => {
  leave()
  setHidden(false)
  vi.useRealTimers()
})

describe('polling', () => {
  it('rests while the page is hidden, runs at once when it is looked at, and never twice at a time', async () => {
    let finish = () => {}
    const task = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)))
    await onScreen(() => useVisiblePolling(task, 1_000))
    await vi.advanceTimersByTimeAsync(3_500)
    expect(task).toHaveBeenCalledTimes(1)
    finish()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(task).toHaveBeenCalledTimes(2)
    finish()
    setHidden(true)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(task).toHaveBeenCalledTimes(2)
    setHidden(false)
    expect(task).toHaveBeenCalledTimes(3)
    leave()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(task).toHaveBeenCalledTimes(3)
  })
})

describe('the console of an app', () => {
  const channel = 'private-app-console.7'
  const tell = (id: string, appId = '7') =>
    emitPassing('app.console', { lines: [lineOf(id)], skipped: 0 }, { channel: `private-app-console.${appId}` })
  const port = { subscribe: vi.fn(), unsubscribe: vi.fn(), trigger: () => false }
  const idsOf = (live: ReturnType<typeof useConsole>) => live.shown.value.map(({ id }) => id)

  beforeEach(() => attachPort(port))
  afterEach(() => detachPort(port))

  it('marks where nobody watched: after a new connection, and after a sleep longer than the server tells', async () => {
    const live = await onScreen(() => useConsole('7'))
    const counts = () => live.shown.value.map((entry) => (entry.kind === 'skipped' && 'count' in entry ? entry.count : entry.id))
    emitRealtime('channel.joined', { channel })
    await flushPromises()
    emitRealtime('channel.joined', { channel })
    expect(counts()).toEqual([])
    tell('a')
    emitRealtime('channel.joined', { channel })
    emitRealtime('channel.joined', { channel })
    expect(counts()).toEqual(['a', 0])
    tell('b')
    setHidden(true)
    await vi.advanceTimersByTimeAsync(61_000)
    setHidden(false)
    await flushPromises()
    expect(counts()).toEqual(['a', 0, 'b', 0])
    expect(live.held.value).toBe(0)
  })

  it('joins the channel, asks the server when it is joined, and again every 25 s while it is looked at', async () => {
    const live = await onScreen(() => useConsole('7'))
    expect(port.subscribe).toHaveBeenCalledWith(channel)
    expect(live.isWatching.value).toBe(false)
    expect(keepConsole).not.toHaveBeenCalled()
    emitRealtime('channel.joined', { channel })
    await flushPromises()
    expect(keepConsole).toHaveBeenCalledTimes(1)
    expect(live.isWatching.value).toBe(true)
    await vi.advanceTimersByTimeAsync(25_000)
    expect(keepConsole).toHaveBeenCalledTimes(2)
    setHidden(true)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(keepConsole).toHaveBeenCalledTimes(2)
    setHidden(false)
    expect(keepConsole).toHaveBeenCalledTimes(3)
    leave()
    expect(port.unsubscribe).toHaveBeenCalledWith(channel)
  })

  it('shows the lines of its app only, and holds them back while somebody reads or has paused', async () => {
    const live = await onScreen(() => useConsole('7'))
    tell('a')
    tell('x', '8')
    expect(idsOf(live)).toEqual(['a'])
    live.isReading.value = true
    tell('b')
    live.isPaused.value = true
    tell('c')
    live.isReading.value = false
    await flushPromises()
    expect([idsOf(live), live.held.value]).toEqual([['a'], 2])
    live.isPaused.value = false
    await flushPromises()
    expect([idsOf(live), live.held.value]).toEqual([['a', 'b', 'c'], 0])
    live.clear()
    expect(idsOf(live)).toEqual([])
  })

  it('says when the server refuses, and not when only the connection is away', async () => {
    const live = await onScreen(() => useConsole('7'))
    vi.mocked(keepConsole).mockRejectedValueOnce(new ApiError({ code: 'client.offline' }))
    await live.ask()
    expect(live.error.value).toBeNull()
    vi.mocked(keepConsole).mockRejectedValueOnce(new ApiError({ code: 'not_found', status: 404 }))
    await live.ask()
    expect(live.error.value?.code).toBe('not_found')
    await live.ask()
    expect(live.error.value).toBeNull()
  })
})

describe('the settings of an app', () => {
  const before = appOf()
  const now = appOf({ client_events: false, updated_at: '2026-11-21T08:00:00.000Z' })

  async function open() {
    const shown = shallowRef<ConnectedApp>(before)
    return {
      shown,
      settings: await onScreen(() =>
        useAppSettings(
          () => shown.value,
          (changed) => (shown.value = changed),
        ),
      ),
    }
  }

  it('are saved over the version they were made from', async () => {
    const { shown, settings } = await open()
    settings.fields.name = 'Portal Baru'
    vi.mocked(changeApp).mockResolvedValueOnce({ ...now, name: 'Portal Baru' })
    expect(await settings.save()).toBe(true)
    expect(changeApp).toHaveBeenCalledWith(before, { name: 'Portal Baru' })
    expect([settings.isDirty.value, shown.value.name]).toEqual([false, 'Portal Baru'])
  })

  it('are not sent while something is wrong with them', async () => {
    const { settings } = await open()
    settings.fields.origins = 'portal'
    expect(await settings.save()).toBe(false)
    expect(changeApp).not.toHaveBeenCalled()
    expect(settings.problemAt('allowed_origins')).toMatch(/origin/)
  })

  it('show what a faster colleague did and keep what is written', async () => {
    const { shown, settings } = await open()
    settings.fields.name = 'Portal Baru'
    vi.mocked(changeApp).mockRejectedValueOnce(new ApiError({ code: 'conflict', status: 409 }))
    vi.mocked(fetchApp).mockResolvedValueOnce(now)
    expect(await settings.save()).toBe(false)
    expect([settings.wasOvertaken.value, settings.fields.clientEvents, settings.fields.name]).toEqual([true, false, 'Portal Baru'])
    expect(shown.value).toBe(now)
    vi.mocked(changeApp).mockResolvedValueOnce({ ...now, name: 'Portal Baru' })
    expect(await settings.save()).toBe(true)
    expect(changeApp).toHaveBeenLastCalledWith(now, { name: 'Portal Baru' })
    expect(settings.wasOvertaken.value).toBe(false)
  })

  it('follow silently while nothing is written', async () => {
    const { shown, settings } = await open()
    shown.value = now
    await flushPromises()
    expect([settings.fields.clientEvents, settings.isDirty.value, settings.wasOvertaken.value]).toEqual([false, false, false])
  })

  it('put the server’s word at its field', async () => {
    const { settings } = await open()
    settings.fields.name = 'Portal Baru'
    vi.mocked(changeApp).mockRejectedValueOnce(
      new ApiError({ code: 'validation', status: 422, fields: [{ field: 'name', code: 'control_character', message: '' }] }),
    )
    expect(await settings.save()).toBe(false)
    expect(settings.problemAt('name')).toBe(i18n.global.t('fieldErrors.control_character'))
  })
})
