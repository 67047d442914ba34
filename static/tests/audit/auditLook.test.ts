import { describe, expect, it } from 'vitest'
import type { AuditLine } from '@/api/audit'
import { auditFacts, auditTarget } from '@/components/audit/auditLook'
import { auditEn } from '@/i18n/texts/oversight.en'
import { auditId } from '@/i18n/texts/oversight.id'

const line = (data: Record<string, unknown>): AuditLine => ({
  id: '1', at: '2026-11-21T08:00:00.000Z', actor: null, action: 'user.changed', target_kind: 'user', target_id: '2', address: null, data,
})

describe('a line of the audit trail', () => {
  it('names its target by the title that was kept', () => {
    expect(auditTarget(line({ title: 'Pengadaan' }))).toBe('Pengadaan')
    expect(auditTarget(line({}))).toBeNull()
    expect(auditTarget(line({ title: 7 }))).toBeNull()
  })

  it('shows the other facts as text, and nothing empty', () => {
    expect(auditFacts(line({ title: 'ana', role: 'admin', enabled: false, parts: ['name'], note: null, name: '' }))).toEqual([
      ['role', 'admin'], ['enabled', 'false'], ['parts', '["name"]'],
    ])
  })

  it('has the same sentences in both languages', () => {
    expect(Object.keys(auditEn.actions)).toEqual(Object.keys(auditId.actions))
  })
})
