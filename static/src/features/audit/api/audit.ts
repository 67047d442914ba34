import { request } from '@/shared/api/client'
import type { FilterOf, Schemas } from '@/shared/api/contract'
import type { Page } from '@/shared/api/types'

/** A line of the audit trail. */
export type AuditLine = Schemas['AuditLine']

/** Which lines are wanted; an empty part lets everything through. */
export type AuditFilter = Omit<FilterOf<'GET /admin/audit'>, 'limit'>

/** One page of the audit trail, newest first; admins only. */
export function fetchAudit(filter: AuditFilter, after: string | null, signal?: AbortSignal): Promise<Page<AuditLine>> {
  return request('GET /admin/audit', { query: { ...filter, after }, signal })
}
