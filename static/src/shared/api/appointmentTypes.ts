/** Shapes of counsellors, availability and appointments. */
import type { AnswerOf, BodyOf, Schemas } from './contract'

export type Person = Schemas['Person']
export type DutyStatus = Schemas['DutyStatus']
export type AppointmentMode = Schemas['AppointmentMode']
export type AppointmentState = Schemas['AppointmentState']
export type AppointmentAction = Schemas['AppointmentAction']
export type Counsellor = Schemas['Counsellor']
export type CounsellorStatus = Schemas['CounsellorStatus']
/** A time that can be booked, or was offered. Instants in UTC. */
export type Slot = Schemas['Slot']
export type SlotList = AnswerOf<'GET /counsellors/{id}/slots'>
export type Appointment = Schemas['Appointment']
export type NewAppointment = BodyOf<'POST /appointments'>
export type WeeklyRule = Schemas['WeeklyHours']
export type AvailabilityException = Schemas['DayException']
export type Availability = Schemas['Availability']
/** What a counsellor decides about the own hours. */
export type AvailabilityRules = Omit<Availability, 'zone' | 'version' | 'conflicts'>
