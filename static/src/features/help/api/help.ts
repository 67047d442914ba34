import { request } from '@/shared/api/client'
import type { EditableHotline, HelpCard, SavedHotline } from '@/shared/api/helpTypes'

/** The help card in the language of the page; needs no login. */
export function fetchHelpCard(signal?: AbortSignal): Promise<HelpCard> {
  return request('GET /help', { signal, isSessionOptional: true })
}

/** All hotlines with the notes in both languages; admin only. */
export async function fetchHotlines(signal?: AbortSignal): Promise<EditableHotline[]> {
  return (await request('GET /admin/hotlines', { signal })).items
}

/** Replaces the whole list. */
export async function saveHotlines(items: SavedHotline[]): Promise<EditableHotline[]> {
  return (await request('PUT /admin/hotlines', { body: { items } })).items
}
