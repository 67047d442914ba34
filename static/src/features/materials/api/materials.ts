import { request } from '@/shared/api/client'
import type { BodyOf, FilterOf } from '@/shared/api/contract'
import type { MaterialDetail, MaterialPage, SignedLink } from '@/shared/api/types'

export type MaterialFilter = FilterOf<'GET /materials'>
export type MaterialChanges = BodyOf<'PATCH /materials/{id}'>

/** One page of materials, newest first, with the categories in use. */
export function fetchMaterials(filter: MaterialFilter, after: string | null, signal?: AbortSignal): Promise<MaterialPage> {
  return request('GET /materials', { query: { ...filter, after }, signal })
}

/** One material with its text. 404 also for materials this user may not see. */
export function fetchMaterial(id: string, signal?: AbortSignal): Promise<MaterialDetail> {
  return request('GET /materials/{id}', { path: { id }, signal })
}

/** Changes some fields; returns the material as it is now. */
export function updateMaterial(id: string, changes: MaterialChanges): Promise<MaterialDetail> {
  return request('PATCH /materials/{id}', { path: { id }, body: changes })
}

/** Deletes the material and its file. */
export function deleteMaterial(id: string): Promise<void> {
  return request('DELETE /materials/{id}', { path: { id } })
}

/** A signed address of the file, good for 1 h. An attachment link counts as a download of a student. */
export function fetchLink(id: string, disposition: 'inline' | 'attachment', signal?: AbortSignal): Promise<SignedLink> {
  return request('GET /materials/{id}/link', { path: { id }, query: { disposition }, signal })
}
