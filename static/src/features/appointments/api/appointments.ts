import type {
  Appointment,
  AppointmentAction,
  Availability,
  AvailabilityRules,
  Counsellor,
  CounsellorStatus,
  DutyStatus,
  NewAppointment,
  Slot,
  SlotList,
} from '@/shared/api/appointmentTypes'
import { endpoint, request } from '@/shared/api/client'
import type { AddressOf, AnswerOf, BodyOf } from '@/shared/api/contract'
import type { ApiError } from '@/shared/api/problem'
import type { Page } from '@/shared/api/types'

/** All counsellors, by name. */
export async function fetchCounsellors(signal?: AbortSignal): Promise<Counsellor[]> {
  return (await request('GET /counsellors', { signal })).items
}

/** Says whether the asking counsellor is on duty. */
export function setDutyStatus(status: DutyStatus): Promise<CounsellorStatus> {
  return request('PUT /counsellors/me/status', { body: { status } })
}

/** What can be booked from `from` to `to`, school days, both inclusive, at most 62. */
export function fetchSlots(counsellorId: string, range: { from: string; to: string }, signal?: AbortSignal): Promise<SlotList> {
  return request('GET /counsellors/{id}/slots', { path: { id: counsellorId }, query: range, signal })
}

/** The asking counsellor's hours. */
export function fetchAvailability(signal?: AbortSignal): Promise<Availability> {
  return request('GET /availability', { signal })
}

/** Saves the hours; 409 `conflict` when `version` is no longer the newest. */
export function saveAvailability(rules: AvailabilityRules, version: number): Promise<Availability> {
  return request('PUT /availability', { body: { ...rules, version } })
}

/** Which live appointments these hours would no longer cover; changes nothing. */
export async function checkAvailability(rules: AvailabilityRules, version: number, signal?: AbortSignal): Promise<Appointment[]> {
  return (await request('POST /availability/check', { body: { ...rules, version }, signal })).conflicts
}

export type AppointmentQuery = NonNullable<AddressOf<'GET /appointments'>['query']>

/** One page of the user's appointments. */
export function fetchAppointments(query: AppointmentQuery, signal?: AbortSignal): Promise<Page<Appointment>> {
  return request('GET /appointments', { query, signal })
}

/** One appointment of this user; 404 for everybody else. */
export function fetchAppointment(id: string): Promise<Appointment> {
  return request('GET /appointments/{id}', { path: { id } })
}

/** Books a slot. 409 `appointments.slot_taken` carries alternatives, see `alternativesOf`. */
export function bookAppointment(booking: NewAppointment, idempotencyKey: string): Promise<Appointment> {
  return request('POST /appointments', { body: booking, idempotencyKey })
}

/** Moves an appointment on; 409 `appointments.illegal_transition`, `appointments.slot_taken`. */
export function actOnAppointment(
  id: string,
  action: AppointmentAction,
  body: BodyOf<'POST /appointments/{id}/{action}'> = {},
  idempotencyKey?: string,
): Promise<Appointment> {
  return request('POST /appointments/{id}/{action}', { path: { id, action }, body, idempotencyKey })
}

/** Where the calendar file of an appointment is. */
export function calendarFileUrl(id: string): string {
  return endpoint('GET /appointments/{id}.ics', { path: { id } })
}

/** A fresh address of the video room; 409 `appointments.video_closed` outside its window. */
export function fetchVideoLink(id: string): Promise<AnswerOf<'GET /appointments/{id}/video'>> {
  return request('GET /appointments/{id}/video', { path: { id } })
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
