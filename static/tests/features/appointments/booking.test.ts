import { enableAutoUnmount, flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NewAppointment } from '@/shared/api/appointmentTypes'
import { ApiError } from '@/shared/api/problem'
import BookingPage from '@/features/appointments/pages/BookingPage.vue'
import { emitRealtime } from '@/shared/realtime/events'
import { mountApp } from '../../support/mountApp'

const api = vi.hoisted(() => ({
  fetchCounsellors: vi.fn(),
  fetchSlots: vi.fn(),
  bookAppointment: vi.fn<(wish: unknown, key: string) => Promise<unknown>>(),
}))
vi.mock('@/features/appointments/api/appointments', async (original) => ({ ...(await original<object>()), ...api }))

const slot = (at: string) => ({ starts_at: `2026-11-${at}:00.000Z`, ends_at: `2026-11-${at}:45.000Z` })
const slots = ['23T01:00', '23T02:00', '23T06:00', '24T01:00'].map(slot)
const appointment = {
  id: 'a1',
  counsellor: { id: 'g1', name: 'Bu Rina' },
  starts_at: slots[1]?.starts_at,
  ends_at: slots[1]?.ends_at,
  mode: 'onsite',
}

async function openPage() {
  const app = await mountApp(BookingPage)
  await flushPromises()
  const all = (testid: string) => app.wrapper.findAll(`[data-testid="${testid}"]`)
  const submit = async () => {
    await app.get('booking-form').trigger('submit')
    await flushPromises()
  }
  return { ...app, all, submit }
}

async function openFilled() {
  const page = await openPage()
  await page.all('slot')[1]?.trigger('click')
  await page.get('booking-topic').setValue('Pilih jurusan')
  return page
}

enableAutoUnmount(afterEach)
const keys = () => api.bookAppointment.mock.calls.map(([, key]) => key)

describe('booking page', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2026-11-21T03:00:00Z'), toFake: ['Date'] })
    vi.resetAllMocks()
    Element.prototype.scrollIntoView = vi.fn()
    api.fetchCounsellors.mockResolvedValue([{ id: 'g1', name: 'Bu Rina', status: 'online', modes: ['onsite', 'chat'] }])
    api.fetchSlots.mockResolvedValue({ zone: 'Asia/Jakarta', slots })
    api.bookAppointment.mockResolvedValue(appointment)
  })
  afterEach(() => {
    vi.useRealTimers()
    document.body.replaceChildren()
  })

  it('chooses the only counsellor and the first free day, and books with few steps', async () => {
    const { all, get, submit } = await openFilled()
    expect(all('slot').map((button) => button.text())).toEqual(['08.00', '09.00', '13.00'])
    await submit()
    expect(api.bookAppointment.mock.calls[0]?.[0]).toEqual({
      counsellor_id: 'g1',
      starts_at: '2026-11-23T02:00:00.000Z',
      topic: 'Pilih jurusan',
      mode: 'onsite',
    } satisfies NewAppointment)
    expect(get('booking-done').attributes('data-id')).toBe('a1')
    expect(get('ics').attributes('href')).toBe('/api/v1/appointments/a1.ics')
  })

  it('moves between dates by arrow keys', async () => {
    const { wrapper } = await openPage()
    const focused = () => (document.activeElement as HTMLElement).dataset['day']
    const day = (name: string) => wrapper.get<HTMLButtonElement>(`[data-day="${name}"]`)
    expect(day('2026-11-25').attributes('aria-disabled')).toBe('true')
    expect(day('2026-11-23').attributes('aria-label')).toBe('Senin, 23 November 2026, 3 waktu kosong')
    day('2026-11-23').element.focus()
    await day('2026-11-23').trigger('keydown', { key: 'ArrowRight' })
    await flushPromises()
    expect(focused()).toBe('2026-11-24')
    await day('2026-11-24').trigger('keydown', { key: 'ArrowDown' })
    await flushPromises()
    expect(focused()).toBe('2026-12-01')
  })

  it('asks for a topic before it asks the server', async () => {
    const { get, submit } = await openFilled()
    await get('booking-topic').setValue('  ')
    await submit()
    expect(api.bookAppointment).not.toHaveBeenCalled()
    expect(get('booking-topic').attributes('aria-invalid')).toBe('true')
    expect(document.activeElement).toBe(get('booking-topic').element)
  })

  it('offers the next times after a lost race and books one of them with one press', async () => {
    const alternatives = [slot('23T06:00'), slot('24T01:00')]
    api.bookAppointment.mockRejectedValueOnce(new ApiError({ code: 'appointments.slot_taken', status: 409, body: { alternatives } }))
    const { all, get, submit } = await openFilled()
    await submit()
    expect(all('alternative').map((button) => button.attributes('data-starts-at'))).toEqual(alternatives.map(({ starts_at }) => starts_at))
    await all('alternative')[0]?.trigger('click')
    await flushPromises()
    expect(api.bookAppointment.mock.calls[1]?.[0]).toMatchObject({ starts_at: alternatives[0]?.starts_at, topic: 'Pilih jurusan' })
    expect(keys()[1]).not.toBe(keys()[0])
    expect(get('booking-done').text()).toContain('Bu Rina')
  })

  it('repeats a wish without an answer under the same key, and a changed one under another', async () => {
    api.bookAppointment.mockRejectedValue(new ApiError({ code: 'client.timeout' }))
    const { get, submit } = await openFilled()
    await submit()
    expect(get('booking-unsure').text()).toContain('tidak akan tercatat dua kali')
    await submit()
    await get('booking-note').setValue('Sebentar saja')
    await submit()
    expect(keys()[1]).toBe(keys()[0])
    expect(keys()[2]).not.toBe(keys()[0])
  })

  it('waits by itself while the first try is still at work', async () => {
    vi.useFakeTimers({ now: new Date('2026-11-21T03:00:00Z') })
    api.bookAppointment.mockRejectedValueOnce(new ApiError({ code: 'conflict', status: 409 }))
    const { get, submit } = await openFilled()
    await submit()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(keys()[1]).toBe(keys()[0])
    expect(get('booking-done').text()).toContain('Bu Rina')
  })

  it('says so when the chosen time is taken while the page is open', async () => {
    vi.useFakeTimers({ now: new Date('2026-11-21T03:00:00Z') })
    const { all, get } = await openFilled()
    api.fetchSlots.mockResolvedValue({ zone: 'Asia/Jakarta', slots: slots.filter((_, index) => index === 0 || index === 2) })
    emitRealtime('slots.changed', { counsellor_id: 'g1', dates: ['2026-11-23'] })
    emitRealtime('slots.changed', { counsellor_id: 'somebody', dates: ['2026-11-24'] })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(api.fetchSlots).toHaveBeenCalledTimes(2)
    expect(api.fetchSlots.mock.calls[1]?.[1]).toEqual({ from: '2026-11-23', to: '2026-11-23' })
    expect(get('slot-gone').text()).toContain('09.00')
    expect(get('booking-submit').attributes('disabled')).toBeDefined()
    expect(all('slot').map((button) => button.text())).not.toContain('09.00')
  })
})
