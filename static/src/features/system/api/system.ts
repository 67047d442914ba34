import { request } from '@/shared/api/client'

/** Something the server stands on. */
export interface SystemPart {
  name: 'database' | 'cache' | 'bus' | 'files'
  kind: string
  status: 'connected' | 'disconnected'
  latency_ms: number | null
}

/** How the system is doing; what could not be asked is null. */
export interface SystemReport {
  version: string
  node: string
  now: string
  started_at: string
  parts: SystemPart[]
  sockets: { open: number; limit: number | null }
  database_pool: { size: number; idle: number; limit: number }
  log: { waiting: number; oldest_at: string | null } | null
  webhooks: { waiting: number; dead: number } | null
  alerts: { open: number; oldest_risk_at: string | null } | null
  companion: {
    provider: 'model' | 'offline'
    model: string | null
    usage: { month: string; tokens_used: number; tokens_limit: number | null } | null
  }
}

/** The health of the system; admins only. */
export function fetchSystem(signal?: AbortSignal): Promise<SystemReport> {
  return request('/admin/system', { signal })
}
