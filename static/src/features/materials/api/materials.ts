import { request } from '@/shared/api/client'
import type { MaterialDetail, MaterialPage, MaterialStatus, SignedLink } from '@/shared/api/types'

export interface MaterialFilter {
  query?: string
  category?: string
  status?: MaterialStatus | ''
  limit?: number
}

export interface MaterialChanges {
  title?: string
  category?: string
  body?: string
  status?: MaterialStatus
}

/** One page of materials, newest first, with the categories in use. */
export function fetchMaterials(filter: MaterialFilter, after: string | null, signal?: AbortSignal): Promise<MaterialPage> {
  return request('/materials', { query: { ...filter, after }, signal })
}

/** One material with its text. 404 also for materials this user may not see. */
export function fetchMaterial(id: string, signal?: AbortSignal): Promise<MaterialDetail> {
  return request(pathOf(id), { signal })
}

/** Changes some fields; returns the material as it is now. */
export function updateMaterial(id: string, changes: MaterialChanges): Promise<MaterialDetail> {
  return request(pathOf(id), { method: 'PATCH', body: changes })
}

/** Deletes the material and its file. */
export function deleteMaterial(id: string): Promise<void> {
  return request(pathOf(id), { method: 'DELETE' })
}

/** A signed address of the file, good for 1 h. An attachment link counts as a download of a student. */
export function fetchLink(id: string, disposition: 'inline' | 'attachment', signal?: AbortSignal): Promise<SignedLink> {
  return request(`${pathOf(id)}/link`, { query: { disposition }, signal })
}

function pathOf(id: string): string {
  return `/materials/${encodeURIComponent(id)}`
}
