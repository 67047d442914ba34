import { ApiError, parseProblem } from './problem'

const base = '/api/v1'
const defaultTimeoutMs = 15_000
/** A read that is told to come back soon waits and repeats by itself, at most this often and this long. */
const maxQuietRetries = 2
const maxQuietWaitSeconds = 5

export type Query = Record<string, string | number | null | undefined>

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  query?: Query
  body?: unknown
  /** Sent as `Idempotency-Key`: the same key again gets the first answer. */
  idempotencyKey?: string
  signal?: AbortSignal
  timeoutMs?: number
  /** A 401 is then an ordinary error, not the end of the session. */
  isSessionOptional?: boolean
}

export interface Answer<T> {
  data: T
  headers: Headers
}

let onUnauthorized: () => void = () => undefined
let acceptLanguage: () => string = () => 'id'

/** Tells the client what to do when the session has ended, and which language to ask for. */
export function configureClient(hooks: { onUnauthorized: () => void; acceptLanguage: () => string }): void {
  onUnauthorized = hooks.onUnauthorized
  acceptLanguage = hooks.acceptLanguage
}

/** Sends one request to `/api/v1` and returns the JSON answer. Throws ApiError, nothing else. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return (await requestAnswer<T>(path, options)).data
}

/** Like `request`, with the headers of the answer. */
export async function requestAnswer<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await requestOnce<T>(path, options)
    } catch (error) {
      if (!isWorthRepeating(error, options, attempt)) throw error
      await sleep((error.retryAfterSeconds ?? 1) * 1000, options.signal)
    }
  }
}

/** Headers every state-reading and state-changing request carries; also used by the upload over XHR. */
export function commonHeaders(idempotencyKey?: string): Record<string, string> {
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Accept-Language': acceptLanguage(),
  }
  if (idempotencyKey) headers['Idempotency-Key'] = idempotencyKey
  return headers
}

/** The absolute path of an endpoint, with its query; empty values are left out. */
export function endpoint(path: string, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value))
  }
  const text = params.toString()
  return `${base}${path}${text ? `?${text}` : ''}`
}

/** Reports that an answer said 401: the session is over. */
export function reportUnauthorized(): void {
  onUnauthorized()
}

async function requestOnce<T>(path: string, options: RequestOptions): Promise<Answer<T>> {
  const response = await send(path, options)
  const text = response.status === 204 ? '' : await readText(response)
  if (!response.ok) {
    const problem = parseProblem(response.status, text, (name) => response.headers.get(name))
    if (problem.status === 401 && !options.isSessionOptional) onUnauthorized()
    throw problem
  }
  try {
    return { data: (text ? JSON.parse(text) : undefined) as T, headers: response.headers }
  } catch {
    throw new ApiError({ code: 'client.unreadable', status: response.status })
  }
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  const timer = new AbortController()
  const timeout = setTimeout(() => timer.abort('timeout'), options.timeoutMs ?? defaultTimeoutMs)
  const forwardAbort = () => timer.abort('aborted')
  options.signal?.addEventListener('abort', forwardAbort)
  if (options.signal?.aborted) forwardAbort()
  try {
    const headers = commonHeaders(options.idempotencyKey)
    if (options.body !== undefined) headers['Content-Type'] = 'application/json'
    return await fetch(endpoint(path, options.query), {
      method: options.method ?? 'GET',
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: timer.signal,
    })
  } catch {
    throw new ApiError({ code: codeOfFailure(timer.signal) })
  } finally {
    clearTimeout(timeout)
    options.signal?.removeEventListener('abort', forwardAbort)
  }
}

function codeOfFailure(signal: AbortSignal): string {
  if (!signal.aborted) return 'client.offline'
  return signal.reason === 'timeout' ? 'client.timeout' : 'client.aborted'
}

async function readText(response: Response): Promise<string> {
  try {
    return await response.text()
  } catch {
    throw new ApiError({ code: 'client.offline' })
  }
}

function isWorthRepeating(error: unknown, options: RequestOptions, attempt: number): error is ApiError {
  return (
    error instanceof ApiError &&
    (options.method ?? 'GET') === 'GET' &&
    (error.status === 429 || error.status === 503) &&
    error.retryAfterSeconds !== null &&
    error.retryAfterSeconds <= maxQuietWaitSeconds &&
    attempt < maxQuietRetries
  )
}

function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timeout)
      reject(new ApiError({ code: 'client.aborted' }))
    }
    const timeout = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, durationMs)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
