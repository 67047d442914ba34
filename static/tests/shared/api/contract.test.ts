import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { endpoint, request } from '@/shared/api/client'
import type { AnswerOf, BodyOf, Route } from '@/shared/api/contract'
import { answer } from '../../support/samples'

/** `vue-tsc` (npm run lint) holds every line marked so to be an error: the client would take what the server does not know. */
function refusedByTheCompiler(): void {
  // @ts-expect-error no such path
  void request('GET /alert')
  // @ts-expect-error the path has no such method
  void request('DELETE /alerts')
  // @ts-expect-error the id is missing
  void request('POST /alerts/{id}/acknowledge')
  // @ts-expect-error the id has another name
  void request('POST /alerts/{id}/acknowledge', { path: { alert: '1' } })
  // @ts-expect-error no such parameter
  void request('GET /alerts', { query: { status: 'open' } })
  // @ts-expect-error no such value
  void request('GET /alerts', { query: { state: 'closed' } })
  // @ts-expect-error the body is missing
  void request('PUT /chat-preferences')
  // @ts-expect-error a part of the body is missing
  void request('PUT /chat-preferences', { body: { hide_typing: true } })
  // @ts-expect-error takes no body
  void request('POST /notices/read-all', { body: { all: true } })
  // @ts-expect-error is not done once per key
  void request('POST /notices/read-all', { idempotencyKey: 'k' })
  // @ts-expect-error the parameters of an address are held to the contract too
  endpoint('GET /appointments/{id}.ics', { path: {} })
  // @ts-expect-error an answer has only what is described
  void request('GET /auth/me').then(({ users }) => users)
}

describe('the contract', () => {
  const fetchMock = vi.fn<typeof fetch>()
  beforeEach(() => vi.stubGlobal('fetch', fetchMock))
  afterEach(() => vi.unstubAllGlobals())

  it('makes method, path, query and body of a described endpoint', async () => {
    fetchMock.mockImplementation(async () => answer(200, { items: [], next: null }))
    await request('GET /canned-replies', { query: { limit: 100, after: null } })
    await request('PATCH /canned-replies/{id}', { path: { id: 'a/b' }, body: { shortcut: 'hai' } })
    await request('POST /conversations/{id}/close', { path: { id: 'c1' }, idempotencyKey: 'k' })
    expect(fetchMock.mock.calls.map(([url, init]) => [init?.method, url, init?.body])).toEqual([
      ['GET', '/api/v1/canned-replies?limit=100', undefined],
      ['PATCH', '/api/v1/canned-replies/a%2Fb', '{"shortcut":"hai"}'],
      ['POST', '/api/v1/conversations/c1/close', undefined],
    ])
  })

  it('is a type error where it is broken', () => {
    const routes: Route[] = ['GET /auth/me', 'GET /alerts']
    const me: AnswerOf<'GET /auth/me'> = { user: { id: 'u1', login: 'ayu', name: 'Ayu', role: 'student' } }
    const nothing: AnswerOf<'DELETE /canned-replies/{id}'> = undefined
    const body: BodyOf<'POST /conversations/{id}/read'> = { seq: 1 }
    expect([routes.length, me.user.role, nothing, body.seq]).toEqual([2, 'student', undefined, 1])
    expect(refusedByTheCompiler).toBeTypeOf('function')
  })
})
