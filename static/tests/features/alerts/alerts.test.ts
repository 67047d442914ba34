import { createPinia, setActivePinia } from 'pinia'
import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RiskAlert } from '@/shared/api/alertTypes'
import { clockText, secondsLeft, withAlert } from '@/features/alerts/model/alertList'
import { useAlertNews } from '@/features/alerts/ui/useAlertNews'
import { emitRealtime } from '@/shared/realtime/events'
import { useAlerts } from '@/features/alerts/store/alerts'
import { useSession } from '@/shared/session/session'
import { maxStackedToasts, useToasts } from '@/shared/stores/toasts'
import { student } from '../../support/samples'

const api = vi.hoisted(() => ({ fetchAlerts: vi.fn() }))
vi.mock('@/features/alerts/api/alerts', () => api)

function alertOf(id: string, changes: Partial<RiskAlert> = {}): RiskAlert {
  return {
    id,
    level: 3,
    source: 'companion',
    state: 'open',
    student: { id: 's1', name: 'Ayu' },
    thread_id: 't1',
    count: 1,
    raised_at: '2026-11-21T07:00:00.000Z',
    last_raised_at: '2026-11-21T07:00:00.000Z',
    acknowledge_by: '2026-11-21T07:05:00.000Z',
    escalated_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    conversation_id: null,
    ...changes,
  }
}
const answered = {
  state: 'acknowledged',
  acknowledged_at: '2026-11-21T07:01:00.000Z',
  acknowledged_by: { id: 'g1', name: 'Bu Rina' },
} as const
const ids = (items: readonly RiskAlert[]) => items.map(({ id }) => id)

describe('the list of alerts', () => {
  it('has the open ones first, the most serious on top, then the latest', () => {
    const list = [
      alertOf('a', { level: 2 }),
      alertOf('b', answered),
      alertOf('c'),
      alertOf('d', { last_raised_at: '2026-11-21T07:03:00.000Z' }),
    ].reduce<RiskAlert[]>((items, alert) => withAlert(items, alert, 'all'), [])
    expect(ids(list)).toEqual(['d', 'c', 'a', 'b'])
  })

  it('keeps the words of the student, which no event carries', () => {
    const list = withAlert([alertOf('a', { excerpt: 'capek' })], alertOf('a', { count: 2 }), 'open')
    expect(list[0]).toMatchObject({ excerpt: 'capek', count: 2 })
  })

  it('does not open again by an older event, but by a new occasion', () => {
    const list = withAlert([], alertOf('a', answered), 'all')
    expect(withAlert(list, alertOf('a'), 'all')[0]?.state).toBe('acknowledged')
    expect(withAlert(list, alertOf('a', { last_raised_at: '2026-11-21T07:09:00.000Z' }), 'all')[0]?.state).toBe('open')
  })

  it('keeps on the screen what is answered while it is looked at, and takes no strangers', () => {
    expect(ids(withAlert([alertOf('a')], alertOf('a', answered), 'open'))).toEqual(['a'])
    expect(ids(withAlert([], alertOf('a', answered), 'open'))).toEqual([])
    expect(ids(withAlert([], alertOf('a'), 'acknowledged'))).toEqual([])
  })

  it('counts down to the escalation, and not after it', () => {
    const at = (time: string, changes: Partial<RiskAlert> = {}) => secondsLeft(alertOf('a', changes), Date.parse(time))
    expect(at('2026-11-21T07:00:00.000Z')).toBe(300)
    expect(at('2026-11-21T07:04:59.500Z')).toBe(1)
    expect(at('2026-11-21T07:20:00.000Z')).toBe(0)
    expect(at('2026-11-21T07:00:00.000Z', { escalated_at: '2026-11-21T07:05:00.000Z' })).toBeNull()
    expect(at('2026-11-21T07:00:00.000Z', { acknowledge_by: null })).toBeNull()
    expect(at('2026-11-21T07:00:00.000Z', answered)).toBeNull()
    expect([clockText(300), clockText(65), clockText(0)]).toEqual(['5:00', '1:05', '0:00'])
  })
})

describe('news of alerts', () => {
  let stop: () => void = () => undefined

  function listen(role: 'student' | 'counsellor' | 'admin'): void {
    useSession().user = { ...student, role }
    const scope = effectScope()
    scope.run(() => useAlertNews())
    stop = () => scope.stop()
  }
  const raise = (alert: RiskAlert) => emitRealtime('risk.raised', { id: `e-${Math.random()}`, alert })
  const change = (alert: RiskAlert) => emitRealtime('risk.changed', { id: `e-${Math.random()}`, change: 'repeated', alert })
  const risks = () => useToasts().stack.filter(({ kind }) => kind === 'risk').length

  beforeEach(() => {
    vi.useFakeTimers()
    setActivePinia(createPinia())
    api.fetchAlerts.mockReset().mockResolvedValue({ items: [], next: null, open_count: 2 })
  })
  afterEach(() => {
    stop()
    vi.useRealTimers()
  })

  it('are a toast per alert that stays, and the server’s number', async () => {
    listen('counsellor')
    raise(alertOf('a'))
    raise(alertOf('a'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(risks()).toBe(1)
    expect(useAlerts().openCount).toBe(2)
  })

  it('ring again when nobody answered in time', async () => {
    listen('counsellor')
    raise(alertOf('a'))
    await vi.advanceTimersByTimeAsync(1_000)
    useToasts().clear()
    raise(alertOf('a'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(risks()).toBe(0)
    raise(alertOf('a', { escalated_at: '2026-11-21T07:05:00.000Z' }))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(risks()).toBe(1)
  })

  it('end when somebody takes care, also before they were announced', async () => {
    listen('admin')
    raise(alertOf('a'))
    await vi.advanceTimersByTimeAsync(1_000)
    change(alertOf('a', answered))
    expect(risks()).toBe(0)
    raise(alertOf('b'))
    change(alertOf('b', answered))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(risks()).toBe(0)
  })

  it('are nothing for students', async () => {
    listen('student')
    raise(alertOf('a'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(risks()).toBe(0)
    expect(api.fetchAlerts).not.toHaveBeenCalled()
  })

  it('are not pushed off the stack by other toasts', async () => {
    listen('counsellor')
    raise(alertOf('a'))
    await vi.advanceTimersByTimeAsync(1_000)
    const toasts = useToasts()
    for (let count = 0; count < 5; count += 1) toasts.push({ kind: 'message', tone: 'ok', text: `${count}` })
    expect(toasts.stack).toHaveLength(maxStackedToasts)
    expect(risks()).toBe(1)
  })
})
