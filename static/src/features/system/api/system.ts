import { request } from '@/shared/api/client'
import type { Schemas } from '@/shared/api/contract'

/** Something the server stands on. */
export type SystemPart = Schemas['SystemPart']
/** How the system is doing; what could not be asked is null. */
export type SystemReport = Schemas['System']

/** The health of the system; admins only. */
export function fetchSystem(signal?: AbortSignal): Promise<SystemReport> {
  return request('GET /admin/system', { signal })
}
