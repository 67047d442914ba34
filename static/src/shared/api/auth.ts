import { request } from './client'
import type { Page, Session, User } from './types'

/** Checks the credentials and starts a session. 401 `auth.invalid_credentials`, 429 with `Retry-After`. */
export async function login(credentials: { login: string; password: string }): Promise<User> {
  return (await request('POST /auth/login', { body: credentials, isSessionOptional: true })).user
}

/** Ends this session. */
export function logout(): Promise<void> {
  return request('POST /auth/logout', { isSessionOptional: true })
}

/** The user of this session; 401 when there is none. */
export async function fetchMe(): Promise<User> {
  return (await request('GET /auth/me', { isSessionOptional: true })).user
}

/** The user's own sessions, one page. */
export function fetchSessions(after: string | null): Promise<Page<Session>> {
  return request('GET /auth/sessions', { query: { after } })
}

/** Ends one of the user's own sessions; its open sockets close. */
export function endSession(id: string): Promise<void> {
  return request('DELETE /auth/sessions/{id}', { path: { id } })
}
