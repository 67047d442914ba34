import { request } from '@/shared/api/client'
import type { BodyOf, FilterOf } from '@/shared/api/contract'
import type { Account, Page } from '@/shared/api/types'

export type AccountFilter = FilterOf<'GET /admin/users'>
export type NewAccount = BodyOf<'POST /admin/users'>
export type AccountChanges = BodyOf<'PATCH /admin/users/{id}'>

/** One page of accounts; admins only. */
export function fetchAccounts(filter: AccountFilter, after: string | null, signal?: AbortSignal): Promise<Page<Account>> {
  return request('GET /admin/users', { query: { ...filter, after }, signal })
}

/** Creates an account; 409 `users.login_taken`. */
export function createAccount(account: NewAccount, idempotencyKey: string): Promise<Account> {
  return request('POST /admin/users', { body: account, idempotencyKey })
}

/** Changes an account; disabling it or a new password ends its sessions. */
export function updateAccount(id: string, changes: AccountChanges): Promise<Account> {
  return request('PATCH /admin/users/{id}', { path: { id }, body: changes })
}
