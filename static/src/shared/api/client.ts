import type { AddressOf, AnswerOf, Argument, Route, Told } from './contract'
import { ApiError, parseProblem, type ClientCode } from './problem'

const base = '/api/v1'
const defaultTimeoutMs = 15_000
/** A read that is told to come back soon waits and repeats by itself, at most this often and this long. */
const maxQuietRetries = 2
const maxQuietWaitSeconds = 5

/** How a request is sent, whatever the endpoint. */
export interface CallOptions {
  signal?: AbortSignal
  timeoutMs?: number
  /** A 401 is then an ordinary error, not the end of the session. */
  isSessionOptional?: boolean
}

/** The parameters of an address, once the compiler has held them to the contract. */
interface AddressParts {
  path?: object
  query?: object
}

interface RequestParts extends AddressParts, CallOptions {
  body?: unknown
  idempotencyKey?: string
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

/** Sends one request to an endpoint and returns the JSON answer. Throws ApiError, nothing else. */
export async function request<R extends Route>(route: R, ...[told]: Argument<Told<R> & CallOptions>): Promise<AnswerOf<R>> {
  return (await repeatedly<AnswerOf<R>>(route, told ?? {})).data
}

/** Like `request`, with the headers of the answer. */
export function requestAnswer<R extends Route>(route: R, ...[told]: Argument<Told<R> & CallOptions>): Promise<Answer<AnswerOf<R>>> {
  return repeatedly(route, told ?? {})
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
export function endpoint<R extends Route>(route: R, ...[parts]: Argument<AddressOf<R>>): string {
  return addressOf(route, parts ?? {})
}

/** Reports that an answer said 401: the session is over. */
export function reportUnauthorized(): void {
  onUnauthorized()
}

async function repeatedly<T>(route: Route, parts: RequestParts): Promise<Answer<T>> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await requestOnce<T>(route, parts)
    } catch (error) {
      if (!isWorthRepeating(error, route, attempt)) throw error
      await sleep((error.retryAfterSeconds ?? 1) * 1000, parts.signal)
    }
  }
}

function methodOf(route: Route): string {
  return route.slice(0, route.indexOf(' '))
}

function addressOf(route: Route, { path = {}, query = {} }: AddressParts): string {
  const values = new Map<string, unknown>(Object.entries(path))
  const template = route.slice(route.indexOf(' ') + 1)
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values.get(name))))
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value))
  }
  const text = params.toString()
  return `${base}${filled}${text ? `?${text}` : ''}`
}

async function requestOnce<T>(route: Route, parts: RequestParts): Promise<Answer<T>> {
  const response = await send(route, parts)
  const text = response.status === 204 ? '' : await readText(response)
  if (!response.ok) {
    const problem = parseProblem(response.status, text, (name) => response.headers.get(name))
    if (problem.status === 401 && !parts.isSessionOptional) onUnauthorized()
    throw problem
  }
  try {
    return { data: (text ? JSON.parse(text) : undefined) as T, headers: response.headers }
  } catch {
    throw new ApiError({ code: 'client.unreadable', status: response.status })
  }
}

async function send(route: Route, parts: RequestParts): Promise<Response> {
  const timer = new AbortController()
  const timeout = setTimeout(() => timer.abort('timeout'), parts.timeoutMs ?? defaultTimeoutMs)
  const forwardAbort = () => timer.abort('aborted')
  parts.signal?.addEventListener('abort', forwardAbort)
  if (parts.signal?.aborted) forwardAbort()
  try {
    const headers = commonHeaders(parts.idempotencyKey)
    if (parts.body !== undefined) headers['Content-Type'] = 'application/json'
    return await fetch(addressOf(route, parts), {
      method: methodOf(route),
      headers,
      body: parts.body === undefined ? undefined : JSON.stringify(parts.body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: timer.signal,
    })
  } catch {
    throw new ApiError({ code: codeOfFailure(timer.signal) })
  } finally {
    clearTimeout(timeout)
    parts.signal?.removeEventListener('abort', forwardAbort)
  }
}

function codeOfFailure(signal: AbortSignal): ClientCode {
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

function isWorthRepeating(error: unknown, route: Route, attempt: number): error is ApiError {
  return (
    error instanceof ApiError &&
    methodOf(route) === 'GET' &&
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
