import type { Appointment } from '@/shared/api/appointmentTypes'

/** What the state means for this user: a key below `appointments.hint` and its names; null when the chip says it all. */
export function hintOf(appointment: Appointment, viewer: 'student' | 'counsellor'): { key: string; named: Record<string, string> } | null {
  const other = viewer === 'student' ? appointment.counsellor : appointment.student
  const reason = appointment.reason ?? ''
  const isOthers = appointment.proposed_by?.id === other.id
  if (appointment.state === 'requested') {
    if (!isOthers) return { key: 'requestedByMe', named: { name: other.name } }
    return viewer === 'student' ? { key: 'proposedByOther', named: { name: other.name } } : { key: 'requestedGuru', named: {} }
  }
  if (appointment.state === 'rescheduled') {
    return { key: isOthers ? 'proposedByOther' : 'proposedByMe', named: { name: other.name } }
  }
  if (appointment.state === 'cancelled' && reason) {
    const by = appointment.cancelled_by?.name
    return by ? { key: 'cancelledBy', named: { name: by, reason } } : { key: 'cancelled', named: { reason } }
  }
  return null
}
