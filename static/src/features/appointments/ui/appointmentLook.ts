import type { Appointment, AppointmentMode, AppointmentState, DutyStatus } from '@/shared/api/appointmentTypes'
import type { IconName } from '@/shared/ui/iconPaths'

interface Look {
  icon: IconName
  tone: string
}

/** Colour and sign of each state; the text always stands beside them. */
const states: Record<AppointmentState, Look> = {
  requested: { icon: 'clock', tone: 'tone-honey' },
  confirmed: { icon: 'check', tone: 'tone-sea' },
  rescheduled: { icon: 'swap', tone: 'tone-plum' },
  cancelled: { icon: 'close', tone: 'tone-quiet' },
  completed: { icon: 'checks', tone: 'tone-leaf' },
  no_show: { icon: 'ban', tone: 'tone-terracotta' },
}

const modes: Record<AppointmentMode, IconName> = { onsite: 'place', chat: 'chat', video: 'video' }

const duties: Record<DutyStatus, string> = {
  online: 'bg-[#2f8f4e] dark:bg-[#63c585]',
  away: 'bg-honey',
  offline: 'bg-field',
}

export const allStates = Object.keys(states) as AppointmentState[]

export function lookOfState(state: AppointmentState): Look {
  return states[state]
}

export function iconOfMode(mode: AppointmentMode): IconName {
  return modes[mode]
}

/** Colour of the small dot of a duty status. */
export function dotOfDuty(status: DutyStatus): string {
  return duties[status]
}

/** True while the appointment holds its time. */
export function isLive(appointment: Pick<Appointment, 'state'>): boolean {
  return appointment.state === 'requested' || appointment.state === 'confirmed' || appointment.state === 'rescheduled'
}

/** What the calendar file is good for: one that was called off takes itself out of the calendar it was saved in. */
export function calendarUseOf(appointment: Pick<Appointment, 'state' | 'starts_at'>, nowMs: number): 'calendar' | 'calendarRemove' | null {
  if (isLive(appointment)) return 'calendar'
  return appointment.state === 'cancelled' && Date.parse(appointment.starts_at) > nowMs ? 'calendarRemove' : null
}

/** Is the video room open at `nowMs`? */
export function videoPhase(appointment: Pick<Appointment, 'video'>, nowMs: number): 'none' | 'early' | 'open' | 'over' {
  const { video } = appointment
  if (!video) return 'none'
  if (nowMs < Date.parse(video.opens_at)) return 'early'
  return nowMs <= Date.parse(video.closes_at) ? 'open' : 'over'
}
