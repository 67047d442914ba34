import { request } from '@/shared/api/client'
import type { Account, Page, Role } from '@/shared/api/types'

export interface AccountFilter {
  query?: string
  role?: Role | ''
  state?: 'active' | 'disabled' | ''
  limit?: number
}

export interface NewAccount {
  login: string
  name: string
  role: Role
  password: string
}

export interface AccountChanges {
  name?: string
  role?: Role
  password?: string
  disabled?: boolean
}

/** One page of accounts; admins only. */
export function fetchAccounts(filter: AccountFilter, after: string | null, signal?: AbortSignal): Promise<Page<Account>> {
  return request('/admin/users', { query: { ...filter, after }, signal })
}

/** Creates an account; 409 `users.login_taken`. */
export function createAccount(account: NewAccount, idempotencyKey: string): Promise<Account> {
  return request('/admin/users', { method: 'POST', body: account, idempotencyKey })
}

/** Changes an account; disabling it or a new password ends its sessions. */
export function updateAccount(id: string, changes: AccountChanges): Promise<Account> {
  return request(`/admin/users/${encodeURIComponent(id)}`, { method: 'PATCH', body: changes })
}
