import { describe, expect, it } from 'vitest'
import { lookOf, targetOf } from '@/features/notices/ui/noticeLook'

describe('notices', () => {
  it('lead to what they are about, on the pages of the role', () => {
    const of = (data: Record<string, unknown>) => [
      targetOf({ data }, 'student'),
      targetOf({ data }, 'counsellor'),
      targetOf({ data }, 'admin'),
    ]
    expect(of({ material_id: 'm1', title: 'x' })).toEqual(['/student/materi/m1', '/guru/materi/m1', null])
    expect(of({ appointment_id: 'a1', starts_at: 'x' })).toEqual(['/student/appointments?id=a1', '/guru/appointments?id=a1', null])
    expect(of({ conversation_id: 'c1' })).toEqual(['/student/chat/c1', '/guru/chat/c1', null])
    expect(of({ alert_id: 'r1' })).toEqual([null, '/guru/alerts?id=r1', '/admin/alerts?id=r1'])
    expect(of({})).toEqual([null, null, null])
  })

  it('have a look of their own per category', () => {
    expect(
      new Set(['materials', 'appointments', 'chat', 'safety', 'system', 'anything'].map((category) => lookOf({ kind: 'x', category }).icon))
        .size,
    ).toBe(6)
  })

  it('of a concern look calmer than of a risk', () => {
    expect(lookOf({ kind: 'risk.raised', category: 'safety' }).tone).toBe('tone-danger')
    expect(lookOf({ kind: 'risk.concern', category: 'safety' }).tone).toBe('tone-honey')
  })

  it('about appointments look like what happened', () => {
    const iconOf = (kind: string) => lookOf({ kind, category: 'appointments' }).icon
    expect(
      ['requested', 'confirmed', 'rescheduled', 'cancelled', 'completed', 'no_show', 'reminder'].map((name) =>
        iconOf(`appointment.${name}`),
      ),
    ).toEqual(['calendar', 'check', 'swap', 'close', 'checks', 'ban', 'clock'])
    expect(iconOf('appointment.later')).toBe('calendar')
  })
})
