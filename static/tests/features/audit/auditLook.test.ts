import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { describe, expect, it } from 'vitest'
import type { AuditLine } from '@/features/audit/api/audit'
import AuditRow from '@/features/audit/ui/AuditRow.vue'
import { auditFacts, auditTarget } from '@/features/audit/ui/auditLook'
import { i18n, setLocale, type Locale } from '@/shared/i18n'
import { auditEn } from '@/shared/i18n/texts/en/oversight'
import { auditId } from '@/shared/i18n/texts/id/oversight'

const line = (data: Record<string, unknown>, changes: Partial<AuditLine> = {}): AuditLine => ({
  id: '1',
  at: '2026-11-21T08:00:00.000Z',
  actor: null,
  action: 'user.changed',
  target_kind: 'user',
  target_id: '2',
  target_name: null,
  address: null,
  data,
  ...changes,
})
const ana = { id: '9', name: 'Ana' }

async function read(locale: Locale, action: string, changes: Partial<AuditLine> = {}, data: Record<string, unknown> = {}): Promise<string> {
  await setLocale(locale)
  const row = mount(AuditRow, {
    props: { line: line(data, { actor: ana, action, ...changes }) },
    global: { plugins: [createPinia(), i18n] },
  })
  const text = row.get('[data-testid="audit-sentence"]').text().replace(/\s+/g, ' ')
  row.unmount()
  return text
}

describe('a line of the audit trail', () => {
  it('names its target: a person by the name of today, else by the title that was kept', () => {
    expect(auditTarget(line({ title: 'Pengadaan' }))).toBe('Pengadaan')
    expect(auditTarget(line({ title: 'budi' }, { target_name: 'Budi Santoso' }))).toBe('Budi Santoso')
    expect(auditTarget(line({}))).toBeNull()
    expect(auditTarget(line({ title: 7 }))).toBeNull()
  })

  it('shows the other facts as texts where there are some, and nothing empty', () => {
    const at = '2026-11-21T08:00:00.000Z'
    expect(
      auditFacts(
        line({
          title: 'ana',
          role: 'admin',
          enabled: false,
          parts: ['name', 'new_part'],
          note: null,
          name: '',
          starts_at: at,
          hotlines: [{ name: 'SAPA', number: '129' }],
        }),
      ),
    ).toEqual([
      { name: 'role', values: [{ text: 'admin' }] },
      { name: 'enabled', values: [{ text: 'no' }] },
      { name: 'parts', values: [{ part: 'name' }, { plain: 'new_part' }] },
      { name: 'starts_at', values: [{ at }] },
      { name: 'hotlines', values: [{ plain: 'SAPA 129' }] },
    ])
  })

  it('has the same sentences in both languages, about the same things', () => {
    expect(Object.keys(auditEn.actions)).toEqual(Object.keys(auditId.actions))
    const withTarget = (actions: Record<string, string>) =>
      Object.entries(actions)
        .filter(([, text]) => text.includes('{target}'))
        .map(([name]) => name)
    expect(withTarget(auditEn.actions)).toEqual(withTarget(auditId.actions))
  })

  it('is a whole sentence with and without a name', async () => {
    const app = { target_kind: 'app' }
    expect(await read('en', 'app.webhooks_replayed', app, { title: 'Portal' })).toBe('Ana sent webhooks of the app Portal again')
    expect(await read('id', 'app.secret_rotated', app, { title: 'Portal' })).toBe('Ana mengganti secret aplikasi Portal')
    expect(await read('en', 'conversation.viewed', { target_kind: 'conversation' })).toBe('Ana opened a conversation')
    expect(await read('id', 'conversation.viewed', { target_kind: 'conversation' })).toBe('Ana membuka sebuah percakapan')
    expect(await read('en', 'appointment.rescheduled', { target_kind: 'appointment' })).toBe('Ana moved an appointment to another time')
    expect(await read('id', 'auth.login_failed', { actor: null, target_name: 'Budi' })).toBe('Seseorang gagal masuk ke akun Budi')
    expect(await read('en', 'auth.login_failed', { actor: null, target_kind: null, target_id: null })).toBe(
      'Somebody failed to log in to an unknown account',
    )
    expect(await read('en', 'user.changed', { actor: null, target_name: 'Budi' })).toBe('The server changed the account Budi')
    expect(await read('id', 'session.revoked', { target_kind: 'session' })).toBe('Ana mengakhiri salah satu sesi masuknya sendiri')
    expect(await read('en', 'planet.moved', { target_kind: 'planet' }, { title: 'Mars' })).toBe('Ana planet.moved Mars')
  })
})
