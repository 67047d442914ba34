import { describe, expect, it } from 'vitest'
import type { Appointment, AppointmentState } from '@/shared/api/appointmentTypes'
import { hintOf } from '@/features/appointments/ui/appointmentHint'
import { calendarUseOf } from '@/features/appointments/ui/appointmentLook'

const ana = { id: 's1', name: 'Ana' }
const rina = { id: 'g1', name: 'Bu Rina' }
const appointment = (state: AppointmentState, proposedBy: typeof ana | null) =>
  ({ state, student: ana, counsellor: rina, proposed_by: proposedBy, reason: null, cancelled_by: null }) as unknown as Appointment
const keys = (state: AppointmentState, proposedBy: typeof ana | null) =>
  (['student', 'counsellor'] as const).map((viewer) => hintOf(appointment(state, proposedBy), viewer)?.key)

describe('the hint of an appointment', () => {
  it('says who waits for whom, whichever side asked', () => {
    expect(keys('requested', ana)).toEqual(['requestedByMe', 'requestedGuru'])
    expect(keys('requested', rina)).toEqual(['proposedByOther', 'requestedByMe'])
    expect(keys('rescheduled', ana)).toEqual(['proposedByMe', 'proposedByOther'])
    expect(keys('rescheduled', rina)).toEqual(['proposedByOther', 'proposedByMe'])
    expect(keys('confirmed', null)).toEqual([undefined, undefined])
  })

  it('names the other side', () => {
    expect(hintOf(appointment('requested', rina), 'student')?.named).toEqual({ name: 'Bu Rina' })
    expect(hintOf(appointment('requested', rina), 'counsellor')?.named).toEqual({ name: 'Ana' })
  })
})

describe('the calendar file of an appointment', () => {
  it('is offered to be saved, and to be taken out again when it was called off', () => {
    const at = { starts_at: '2026-11-23T02:00:00Z' }
    const [before, after] = ['2026-11-22T00:00:00Z', '2026-11-24T00:00:00Z'].map((text) => Date.parse(text)) as [number, number]
    expect((['requested', 'confirmed', 'rescheduled'] as const).map((state) => calendarUseOf({ ...at, state }, before))).toEqual([
      'calendar',
      'calendar',
      'calendar',
    ])
    expect(calendarUseOf({ ...at, state: 'cancelled' }, before)).toBe('calendarRemove')
    expect(calendarUseOf({ ...at, state: 'cancelled' }, after)).toBeNull()
    expect(calendarUseOf({ ...at, state: 'completed' }, after)).toBeNull()
  })
})
