import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useLiveReload } from '@/shared/realtime/useLiveReload'
import { emitRealtime } from '@/shared/realtime/events'
import { noticeOf } from '../../support/samples'

describe('useLiveReload', () => {
  const reload = vi.fn()
  let scope = effectScope()

  beforeEach(() => {
    vi.useFakeTimers()
    reload.mockClear()
    scope = effectScope()
  })
  afterEach(() => {
    scope.stop()
    vi.useRealTimers()
  })

  it('reloads once for a burst of changes and notices about materials', () => {
    scope.run(() => useLiveReload(reload))
    emitRealtime('material.changed', { material_id: 'm-1', change: 'updated' })
    emitRealtime('notice.created', noticeOf('2'))
    vi.runAllTimers()
    expect(reload).toHaveBeenCalledTimes(1)
  })

  it('does not reload for a notice that is about no material', () => {
    scope.run(() => useLiveReload(reload))
    emitRealtime('notice.created', { ...noticeOf('1'), data: {} })
    vi.runAllTimers()
    expect(reload).not.toHaveBeenCalled()
  })

  it('reloads one material only for its own changes', () => {
    scope.run(() => useLiveReload(reload, (materialId) => materialId === 'm-1'))
    emitRealtime('material.changed', { material_id: 'm-2', change: 'updated' })
    vi.runAllTimers()
    expect(reload).not.toHaveBeenCalled()
    emitRealtime('material.changed', { material_id: 'm-1', change: 'archived' })
    vi.runAllTimers()
    expect(reload).toHaveBeenCalledTimes(1)
  })

  it('reloads after the connection was away, and no more when its screen is gone', () => {
    scope.run(() => useLiveReload(reload, () => false))
    emitRealtime('lists.stale', undefined)
    vi.runAllTimers()
    expect(reload).toHaveBeenCalledTimes(1)
    emitRealtime('lists.stale', undefined)
    scope.stop()
    vi.runAllTimers()
    expect(reload).toHaveBeenCalledTimes(1)
  })
})
