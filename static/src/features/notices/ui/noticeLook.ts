import { objectOf } from '@/shared/api/openJson'
import type { AppointmentState } from '@/shared/api/appointmentTypes'
import type { NoticeCategory, NoticeCreated, NoticeKind, Role } from '@/shared/api/types'
import { allStates, lookOfState } from '@/features/appointments/ui/appointmentLook'
import type { IconName } from '@/shared/ui/iconPaths'
import type { Locale } from '@/shared/i18n'

/** The icon and tone of each category of notices. */
const looks: Record<NoticeCategory, { icon: IconName; tone: string }> = {
  materials: { icon: 'book', tone: 'tone-sea' },
  appointments: { icon: 'calendar', tone: 'tone-sky' },
  chat: { icon: 'chat', tone: 'tone-plum' },
  safety: { icon: 'alert', tone: 'tone-danger' },
  system: { icon: 'chart', tone: 'tone-honey' },
}

/** Kinds that look different from the rest of their category. */
const looksOfKind: Partial<Record<NoticeKind, { icon: IconName; tone: string }>> = {
  'appointment.reminder': { icon: 'clock', tone: 'tone-sky' },
  'risk.concern': { icon: 'eye', tone: 'tone-honey' },
}

/** How a notice looks: about an appointment like the state it brings, else like its category. One that only a newer server knows looks neutral. */
export function lookOf({ kind, category }: { kind: string; category: string }): { icon: IconName; tone: string } {
  const ofKind = looksOfKind[kind as NoticeKind]
  if (ofKind) return ofKind
  const state = allStates.find((name) => kind === (`appointment.${name}` satisfies `appointment.${AppointmentState}`))
  // A request is news to its reader; the clock of its state means waiting.
  if (state && state !== 'requested') return lookOfState(state)
  return looks[category as NoticeCategory] ?? { icon: 'bell', tone: 'tone-honey' }
}

/** The notice's text in the language of the page. */
export function textOf(notice: Pick<NoticeCreated, 'title' | 'body' | 'texts'>, locale: Locale): { title: string; body: string } {
  return notice.texts?.[locale] ?? { title: notice.title, body: notice.body }
}

/** Where a click on the notice leads; null when this role has no page for it. */
export function targetOf(notice: Pick<NoticeCreated, 'data'>, role: Role | null): string | null {
  const { alert_id, material_id, appointment_id, conversation_id } = objectOf(notice.data)
  if (typeof alert_id === 'string' && role !== 'student') return alertPathOf(role, alert_id)
  if (role !== 'student' && role !== 'counsellor') return null
  const base = role === 'student' ? '/student' : '/guru'
  if (typeof material_id === 'string') return `${base}/materi/${material_id}`
  if (typeof appointment_id === 'string') return `${base}/appointments?id=${encodeURIComponent(appointment_id)}`
  return typeof conversation_id === 'string' ? chatPathOf(role, conversation_id) : null
}

/** The alerts, with one of them in sight. */
export function alertPathOf(role: Role | null, alertId: string): string {
  return `${role === 'admin' ? '/admin' : '/guru'}/alerts?id=${encodeURIComponent(alertId)}`
}

/** The page of one conversation. */
export function chatPathOf(role: Role | null, conversationId: string): string {
  return `${role === 'student' ? '/student' : '/guru'}/chat/${encodeURIComponent(conversationId)}`
}
