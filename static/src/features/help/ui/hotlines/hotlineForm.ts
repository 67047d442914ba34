/** What the admin writes about hotlines, and what is wrong with it. */
import type { EditableHotline } from '@/shared/api/helpTypes'

export type HotlineProblem = 'required' | 'number' | 'url'
export type HotlineProblems = Partial<Record<'name' | 'number' | 'url' | 'hours' | 'noteId' | 'noteEn' | 'checked_on', HotlineProblem>>

/** A student in need must not search. */
export const mostHotlines = 12

const yearMs = 365 * 86_400_000

/** An empty entry, checked today. */
export function newHotline(id: string, today: string): EditableHotline {
  return { id, name: '', number: '', url: null, hours: '', note: { id: '', en: '' }, checked_on: today }
}

/** What must be changed before saving; empty when all is well. */
export function problemsOf(hotline: EditableHotline): HotlineProblems {
  const problems: HotlineProblems = {}
  if (!hotline.name.trim()) problems.name = 'required'
  if (!hotline.number.trim()) problems.number = 'required'
  else if (!/^[0-9 +\-().*#]*[0-9][0-9 +\-().*#]*$/.test(hotline.number.trim())) problems.number = 'number'
  if (hotline.url?.trim() && !/^https:\/\/[^\s/]+/.test(hotline.url.trim())) problems.url = 'url'
  if (!hotline.hours.trim()) problems.hours = 'required'
  if (!hotline.note.id.trim()) problems.noteId = 'required'
  if (!hotline.note.en.trim()) problems.noteEn = 'required'
  if (!/^\d{4}-\d{2}-\d{2}$/.test(hotline.checked_on)) problems.checked_on = 'required'
  return problems
}

/** Nobody has made sure for a school year. */
export function isStale(hotline: Pick<EditableHotline, 'checked_on'>, nowMs: number): boolean {
  return nowMs - Date.parse(`${hotline.checked_on}T00:00:00Z`) > yearMs
}

/** As it is sent: trimmed, and no address instead of an empty one. */
export function cleaned(hotline: EditableHotline): EditableHotline {
  return {
    ...hotline,
    name: hotline.name.trim(),
    number: hotline.number.trim(),
    url: hotline.url?.trim() || null,
    hours: hotline.hours.trim(),
    note: { id: hotline.note.id.trim(), en: hotline.note.en.trim() },
  }
}

/** Swaps an entry with its neighbour. */
export function moved<T>(items: readonly T[], index: number, step: -1 | 1): T[] {
  const target = index + step
  const next = [...items]
  const item = next[index]
  const other = next[target]
  if (item === undefined || other === undefined) return next
  next[index] = other
  next[target] = item
  return next
}
