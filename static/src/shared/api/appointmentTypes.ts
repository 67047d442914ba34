/** Shapes of counsellors, availability and appointments (docs/api.md). */

export interface Person {
  id: string
  name: string
}

export type DutyStatus = 'online' | 'away' | 'offline'
export type AppointmentMode = 'onsite' | 'chat' | 'video'
export type AppointmentState = 'requested' | 'confirmed' | 'rescheduled' | 'cancelled' | 'completed' | 'no_show'
export type AppointmentAction = 'confirm' | 'reschedule' | 'cancel' | 'complete' | 'no-show'

export interface Counsellor extends Person {
  status: DutyStatus
  modes: AppointmentMode[]
}

/** A time that can be booked, or was offered. Instants in UTC. */
export interface Slot {
  starts_at: string
  ends_at: string
}

export interface SlotList {
  /** IANA zone of the school. */
  zone: string
  slots: Slot[]
}

export interface Appointment extends Slot {
  id: string
  counsellor: Person
  student: Person
  state: AppointmentState
  mode: AppointmentMode
  topic: string
  note: string | null
  reason: string | null
  cancelled_by: Person | null
  /** Who moved it and waits for the other side's confirm. */
  proposed_by: Person | null
  sequence: number
  /** What this user may do now. */
  actions: AppointmentAction[]
  video: { url: string; opens_at: string; closes_at: string } | null
  created_at: string
  updated_at: string
}

export interface AppointmentChanged {
  change: AppointmentState
  actor_id: string
  appointment: Omit<Appointment, 'actions' | 'video' | 'note'>
}

export interface NewAppointment {
  counsellor_id: string
  starts_at: string
  topic: string
  note?: string
  mode: AppointmentMode
  /** A counsellor books for this student. */
  student_id?: string
}

export interface WeeklyRule {
  /** 1 is Monday. */
  weekday: number
  /** `HH:MM` in the school's zone. */
  from: string
  /** `HH:MM`, up to `24:00`. */
  to: string
}

export interface AvailabilityException {
  /** `YYYY-MM-DD` in the school's zone. */
  date: string
  kind: 'closed' | 'extra'
  from?: string | null
  to?: string | null
  reason?: string | null
}

/** What a counsellor decides about the own hours. */
export interface AvailabilityRules {
  weekly: WeeklyRule[]
  exceptions: AvailabilityException[]
  slot_minutes: number
  buffer_before_minutes: number
  buffer_after_minutes: number
  daily_cap: number | null
  minimum_notice_minutes: number
  horizon_days: number
}

export interface Availability extends AvailabilityRules {
  zone: string
  version: number
  /** Live appointments in the future that the hours no longer cover. */
  conflicts: Appointment[]
}

export interface SlotsChanged {
  counsellor_id: string
  /** `YYYY-MM-DD` in the school's zone. */
  dates: string[]
}

export interface CounsellorStatus {
  id: string
  status: DutyStatus
}
