import { request } from '@/shared/api/client'
import type { Page } from '@/shared/api/types'

/** A line of the audit trail. */
export interface AuditLine {
  id: string
  at: string
  /** Null: a stranger, or the server itself. */
  actor: { id: string; name: string } | null
  /** Such as `material.created`. */
  action: string
  target_kind: string | null
  target_id: string | null
  /** Of a target that is a user. */
  target_name: string | null
  address: string | null
  data: Record<string, unknown>
}

/** Which lines are wanted; an empty part lets everything through. */
export interface AuditFilter {
  actor_id?: string
  target_kind?: string
  target_id?: string
}

/** One page of the audit trail, newest first; admins only. */
export function fetchAudit(filter: AuditFilter, after: string | null, signal?: AbortSignal): Promise<Page<AuditLine>> {
  return request('/admin/audit', { query: { ...filter, after }, signal })
}
