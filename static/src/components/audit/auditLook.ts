import type { AuditLine } from '@/api/audit'

/** The kinds of things the trail can be narrowed to. */
export const auditKinds = ['user', 'session', 'material', 'appointment', 'conversation', 'alert', 'hotlines', 'app'] as const

/** Facts of a line that are shown beside its sentence: short ones, not the name of the target, which has its own place. */
export function auditFacts(line: AuditLine): [name: string, value: string][] {
  return Object.entries(line.data)
    .filter(([name, value]) => name !== 'title' && value !== null && value !== '')
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])
}

/** What to call the thing something was done to; null when the sentence says it all. */
export function auditTarget(line: AuditLine): string | null {
  const title = line.data['title']
  return typeof title === 'string' && title !== '' ? title : null
}
