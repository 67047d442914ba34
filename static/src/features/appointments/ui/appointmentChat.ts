import type { Appointment } from '@/shared/api/appointmentTypes'

/** The chat page that opens (or finds) the conversation of the two. */
export function appointmentChatPath(viewer: 'student' | 'counsellor', appointment: Appointment): string {
  return viewer === 'student'
    ? `/student/chat?counsellor=${encodeURIComponent(appointment.counsellor.id)}`
    : `/guru/chat?student=${encodeURIComponent(appointment.student.id)}`
}
