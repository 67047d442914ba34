import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { configureClient, endpoint, request } from '@/shared/api/client'
import { ApiError } from '@/shared/api/problem'
import { answer } from '../../support/samples'

const fetchMock = vi.fn<typeof fetch>()
const onUnauthorized = vi.fn()
const account = { login: 'ayu', name: 'Ayu', role: 'student', password: 'a long password' } as const

describe('request', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('fetch', fetchMock)
    configureClient({ onUnauthorized, acceptLanguage: () => 'en' })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
    vi.resetAllMocks()
  })

  it('sends JSON with the language and the idempotency key', async () => {
    fetchMock.mockResolvedValue(answer(201, { id: '1' }))
    await request('POST /admin/users', { body: account, idempotencyKey: 'key' })
    const [url, init] = fetchMock.mock.calls[0] ?? []
    expect(url).toBe('/api/v1/admin/users')
    expect(init?.headers).toMatchObject({ 'Idempotency-Key': 'key', 'Accept-Language': 'en', 'Content-Type': 'application/json' })
    expect(init?.body).toBe(JSON.stringify(account))
  })

  it('leaves empty query values out', () => {
    expect(endpoint('GET /materials', { query: { query: '', category: 'Karier', after: null, limit: 20 } })).toBe(
      '/api/v1/materials?category=Karier&limit=20',
    )
  })

  it('writes parameters into the path so that they cannot leave it', () => {
    expect(endpoint('GET /alerts', {})).toBe('/api/v1/alerts')
    expect(
      endpoint('GET /conversations/{id}/messages/{message_id}/link', {
        path: { id: '../a?b', message_id: 'ä' },
        query: { disposition: 'inline' },
      }),
    ).toBe('/api/v1/conversations/..%2Fa%3Fb/messages/%C3%A4/link?disposition=inline')
  })

  it('returns nothing for 204', async () => {
    fetchMock.mockResolvedValue(answer(204, null))
    expect(await request('POST /auth/logout')).toBeUndefined()
  })

  it('turns a problem into an ApiError with its fields', async () => {
    fetchMock.mockResolvedValue(
      answer(422, { code: 'validation', detail: 'bad', errors: [{ field: 'title', code: 'required', message: 'x' }, 'junk'] }),
    )
    const error = await request('POST /materials').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ code: 'validation', status: 422, fields: [{ field: 'title', code: 'required' }] })
  })

  it('reports a 401, but not where a session is optional', async () => {
    fetchMock.mockImplementation(async () => answer(401, { code: 'auth.required' }))
    await request('GET /auth/me', { isSessionOptional: true }).catch(() => undefined)
    expect(onUnauthorized).not.toHaveBeenCalled()
    await request('GET /materials').catch(() => undefined)
    expect(onUnauthorized).toHaveBeenCalledTimes(1)
  })

  it('waits as told by Retry-After and repeats a read', async () => {
    fetchMock.mockResolvedValueOnce(answer(429, { code: 'rate_limited' }, { 'Retry-After': '2' }))
    fetchMock.mockResolvedValueOnce(answer(200, { ok: true }))
    const reading = request('GET /materials')
    await vi.advanceTimersByTimeAsync(1_900)
    expect(fetchMock).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(await reading).toEqual({ ok: true })
  })

  it('does not repeat a change or a long wait', async () => {
    fetchMock.mockImplementation(async () => answer(429, { code: 'rate_limited' }, { 'Retry-After': '2' }))
    await expect(request('POST /notices/read-all')).rejects.toMatchObject({ retryAfterSeconds: 2 })
    fetchMock.mockImplementation(async () => answer(429, { code: 'rate_limited' }, { 'Retry-After': '60' }))
    await expect(request('GET /notices')).rejects.toMatchObject({ retryAfterSeconds: 60 })
    expect(fetchMock).toHaveBeenCalledTimes(2)
  })

  it('names a lost network and a time-out', async () => {
    fetchMock.mockRejectedValueOnce(new TypeError('network'))
    await expect(request('GET /notices')).rejects.toMatchObject({ code: 'client.offline', isOffline: true })
    fetchMock.mockImplementation(
      (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(new Error('aborted')))
        }),
    )
    const slow = expect(request('GET /notices', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'client.timeout' })
    await vi.advanceTimersByTimeAsync(100)
    await slow
  })

  it('calls an unreadable answer so', async () => {
    fetchMock.mockResolvedValue(new Response('<html>', { status: 200 }))
    await expect(request('GET /notices')).rejects.toMatchObject({ code: 'client.unreadable' })
  })
})
