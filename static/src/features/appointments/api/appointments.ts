import type {
  Appointment,
  AppointmentAction,
  Availability,
  AvailabilityRules,
  Counsellor,
  DutyStatus,
  NewAppointment,
  Slot,
  SlotList,
} from '@/shared/api/appointmentTypes'
import { endpoint, request } from '@/shared/api/client'
import type { ApiError } from '@/shared/api/problem'
import type { Page } from '@/shared/api/types'

/** All counsellors, by name. */
export async function fetchCounsellors(signal?: AbortSignal): Promise<Counsellor[]> {
  return (await request<{ items: Counsellor[] }>('/counsellors', { signal })).items
}

/** Says whether the asking counsellor is on duty. */
export function setDutyStatus(status: DutyStatus): Promise<{ id: string; status: DutyStatus }> {
  return request('/counsellors/me/status', { method: 'PUT', body: { status } })
}

/** What can be booked from `from` to `to`, school days, both inclusive, at most 62. */
export function fetchSlots(counsellorId: string, range: { from: string; to: string }, signal?: AbortSignal): Promise<SlotList> {
  return request(`/counsellors/${encodeURIComponent(counsellorId)}/slots`, { query: range, signal })
}

/** The asking counsellor's hours. */
export function fetchAvailability(signal?: AbortSignal): Promise<Availability> {
  return request('/availability', { signal })
}

/** Saves the hours; 409 `conflict` when `version` is no longer the newest. */
export function saveAvailability(rules: AvailabilityRules, version: number): Promise<Availability> {
  return request('/availability', { method: 'PUT', body: { ...rules, version } })
}

/** Which live appointments these hours would no longer cover; changes nothing. */
export async function checkAvailability(rules: AvailabilityRules, version: number, signal?: AbortSignal): Promise<Appointment[]> {
  const answer = await request<{ conflicts: Appointment[] }>('/availability/check', {
    method: 'POST',
    body: { ...rules, version },
    signal,
  })
  return answer.conflicts
}

export interface AppointmentQuery {
  scope?: 'upcoming' | 'past'
  /** RFC 3339; counsellors only. */
  from?: string
  to?: string
  limit?: number
  after?: string | null
}

/** One page of the user's appointments. */
export function fetchAppointments(query: AppointmentQuery, signal?: AbortSignal): Promise<Page<Appointment>> {
  return request('/appointments', { query: { ...query }, signal })
}

/** One appointment of this user; 404 for everybody else. */
export function fetchAppointment(id: string): Promise<Appointment> {
  return request(`/appointments/${encodeURIComponent(id)}`)
}

/** Books a slot. 409 `appointments.slot_taken` carries alternatives, see `alternativesOf`. */
export function bookAppointment(booking: NewAppointment, idempotencyKey: string): Promise<Appointment> {
  return request('/appointments', { method: 'POST', body: booking, idempotencyKey })
}

/** Moves an appointment on; 409 `appointments.illegal_transition`, `appointments.slot_taken`. */
export function actOnAppointment(
  id: string,
  action: AppointmentAction,
  body: { starts_at?: string; reason?: string } = {},
  idempotencyKey?: string,
): Promise<Appointment> {
  return request(`/appointments/${encodeURIComponent(id)}/${action}`, { method: 'POST', body, idempotencyKey })
}

/** Where the calendar file of an appointment is. */
export function calendarFileUrl(id: string): string {
  return endpoint(`/appointments/${encodeURIComponent(id)}.ics`)
}

/** A fresh address of the video room; 409 `appointments.video_closed` outside its window. */
export function fetchVideoLink(id: string): Promise<{ url: string; expires_at: string }> {
  return request(`/appointments/${encodeURIComponent(id)}/video`)
}

/** The free times a lost booking was answered with. */
export function alternativesOf(error: ApiError | null): Slot[] {
  const list = error?.code === 'appointments.slot_taken' ? error.body['alternatives'] : null
  return Array.isArray(list) ? list.filter(isSlot) : []
}

function isSlot(value: unknown): value is Slot {
  if (typeof value !== 'object' || value === null) return false
  const { starts_at, ends_at } = value as Partial<Slot>
  return typeof starts_at === 'string' && typeof ends_at === 'string'
}
