import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Counsellor } from '@/shared/api/appointmentTypes'

const api = vi.hoisted(() => ({ fetchCounsellors: vi.fn() }))
vi.mock('@/features/appointments/api/appointments', () => api)
vi.mock('@/shared/realtime/useChannel', () => ({ useChannel: () => undefined }))

const { useDuty } = await import('@/features/chat/ui/list/useDuty')
const { emitRealtime } = await import('@/shared/realtime/events')

const listed = (status: Counsellor['status']) => [{ id: 'g1', status } as Counsellor, { id: 'g2', status: 'offline' } as Counsellor]

describe('useDuty', () => {
  let scope = effectScope()

  beforeEach(() => (scope = effectScope()))
  afterEach(() => scope.stop())

  it('does not let a list that was asked for before a change hide it', async () => {
    let answer: (list: Counsellor[]) => void = () => undefined
    api.fetchCounsellors.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)))
    const duty = scope.run(useDuty)
    emitRealtime('counsellor.status', { id: 'g1', status: 'away' })
    answer(listed('offline'))
    await vi.waitFor(() => expect(duty?.dutyOf('g2')).toBe('offline'))
    expect(duty?.dutyOf('g1')).toBe('away')
  })

  it('believes a list that was asked for after the change', async () => {
    api.fetchCounsellors.mockResolvedValueOnce(listed('online'))
    const duty = scope.run(useDuty)
    await vi.waitFor(() => expect(duty?.dutyOf('g1')).toBe('online'))
    duty?.take('g1', 'away')
    expect(duty?.dutyOf('g1')).toBe('away')
    api.fetchCounsellors.mockResolvedValueOnce(listed('offline'))
    await duty?.load()
    expect(duty?.dutyOf('g1')).toBe('offline')
  })
})
