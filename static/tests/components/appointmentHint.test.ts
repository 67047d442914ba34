import { describe, expect, it } from 'vitest'
import type { Appointment, AppointmentState } from '@/api/appointmentTypes'
import { hintOf } from '@/components/appointments/appointmentHint'

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
