import { objectOf } from '@/shared/api/openJson'
import type { AuditLine } from '@/features/audit/api/audit'
import type { auditId } from '@/shared/i18n/texts/id/oversight'

type Texts = typeof auditId
/** A value of a fact that has a text, or one as it is. */
export type FactValue = { text: keyof Texts['values'] } | { part: keyof Texts['parts'] } | { at: string } | { plain: string }

export interface AuditFact {
  /** As the server calls it; has a text when it is in `audit.facts`. */
  name: string
  values: FactValue[]
}

/** The kinds of things the trail can be narrowed to. */
export const auditKinds = ['user', 'session', 'material', 'appointment', 'conversation', 'alert', 'hotlines', 'app'] as const

/** Names whose values are words of the server. */
const wordFacts = ['role', 'password', 'status', 'state']
const words: readonly string[] = [
  'changed',
  'active',
  'draft',
  'archived',
  'requested',
  'confirmed',
  'rescheduled',
  'cancelled',
  'completed',
  'no_show',
  'student',
  'counsellor',
  'admin',
] satisfies (keyof Texts['values'])[]
const parts: readonly string[] = [
  'name',
  'enabled',
  'client_events',
  'subscription_counts',
  'allowed_origins',
  'limits',
  'webhooks',
] satisfies (keyof Texts['parts'])[]

/** Facts of a line that are shown beside its sentence: short ones, not the name of the target, which has its own place. */
export function auditFacts(line: AuditLine): AuditFact[] {
  return Object.entries(objectOf(line.data))
    .filter(([name, value]) => name !== 'title' && value !== null && value !== '')
    .map(([name, value]) => ({ name, values: (Array.isArray(value) ? value : [value]).map((one: unknown) => factValue(name, one)) }))
}

function factValue(name: string, value: unknown): FactValue {
  if (typeof value === 'boolean') return { text: value ? 'yes' : 'no' }
  if (typeof value === 'string') {
    if (name === 'parts' && parts.includes(value)) return { part: value as keyof Texts['parts'] }
    if (wordFacts.includes(name) && words.includes(value)) return { text: value as keyof Texts['values'] }
    return name.endsWith('_at') && !Number.isNaN(Date.parse(value)) ? { at: value } : { plain: value }
  }
  // Such as a hotline: its name and number.
  if (value !== null && typeof value === 'object')
    return {
      plain: Object.values(value)
        .filter((part) => part !== null)
        .join(' '),
    }
  return { plain: String(value) }
}

/** What to call the thing something was done to: the person, else the title that was kept; null when it has no name. */
export function auditTarget(line: AuditLine): string | null {
  if (line.target_name) return line.target_name
  const title = objectOf(line.data)['title']
  return typeof title === 'string' && title !== '' ? title : null
}

/** The key of the phrase that names the target in a sentence. */
export function targetKey(line: AuditLine): string {
  const kinds: readonly string[] = ['user', 'material', 'appointment', 'conversation', 'alert', 'app'] satisfies (keyof Texts['targets'])[]
  const kind = kinds.includes(line.target_kind ?? '') ? line.target_kind : 'other'
  if (auditTarget(line)) return `audit.targets.${kind}`
  // Nobody has the account somebody tried to log in to.
  return line.target_kind === null && line.action === 'auth.login_failed' ? 'audit.unnamed.unknown' : `audit.unnamed.${kind}`
}

/** Where the target's phrase stands in a sentence made with `targetMark` in its place; null when the sentence has none. */
export function aroundTarget(sentence: string): { before: string; after: string } | null {
  const at = sentence.indexOf(targetMark)
  return at === -1 ? null : { before: sentence.slice(0, at), after: sentence.slice(at + targetMark.length) }
}

/** A sign no text has. */
export const targetMark = '\u0000'
