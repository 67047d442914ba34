import { request } from '@/shared/api/client'
import type { EditableHotline, HelpCard } from '@/shared/api/helpTypes'

/** The help card in the language of the page; needs no login. */
export function fetchHelpCard(signal?: AbortSignal): Promise<HelpCard> {
  return request('/help', { signal, isSessionOptional: true })
}

/** All hotlines with the notes in both languages; admin only. */
export async function fetchHotlines(signal?: AbortSignal): Promise<EditableHotline[]> {
  return (await request<{ items: EditableHotline[] }>('/admin/hotlines', { signal })).items
}

/** Replaces the whole list. */
export async function saveHotlines(items: EditableHotline[]): Promise<EditableHotline[]> {
  return (await request<{ items: EditableHotline[] }>('/admin/hotlines', { method: 'PUT', body: { items } })).items
}
