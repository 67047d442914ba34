import type { Schemas } from './contract'

/** One refused field of a `validation` problem. */
export type FieldProblem = Schemas['FieldProblem']

/** Codes this client makes itself, when no answer of the server arrived. */
export type ClientCode = 'client.offline' | 'client.timeout' | 'client.aborted' | 'client.unreadable'
/** Every code an error can have. A newer server may send others: what decides by a code needs a default. */
export type ProblemCode = Schemas['ErrorCode'] | ClientCode

interface ApiErrorParts {
  code: ProblemCode
  status?: number
  detail?: string
  fields?: FieldProblem[]
  retryAfterSeconds?: number | null
  requestId?: string | null
  body?: Record<string, unknown>
}

/** Everything that can go wrong with a request, in the terms of RFC 9457; `status` 0 means no answer. */
export class ApiError extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly fields: FieldProblem[]
  readonly retryAfterSeconds: number | null
  readonly requestId: string | null
  /** The whole problem: some carry more than the common fields (`alternatives` of a lost booking). */
  readonly body: Record<string, unknown>

  constructor(parts: ApiErrorParts) {
    super(parts.detail ?? parts.code)
    this.name = 'ApiError'
    this.code = parts.code
    this.status = parts.status ?? 0
    this.fields = parts.fields ?? []
    this.retryAfterSeconds = parts.retryAfterSeconds ?? null
    this.requestId = parts.requestId ?? null
    this.body = parts.body ?? {}
  }

  /** True when the server could not be reached at all. */
  get isOffline(): boolean {
    return this.code === 'client.offline' || this.code === 'client.timeout'
  }
}

/** Turns the text of an error answer into an ApiError; an unreadable body gets a code by its status. */
export function parseProblem(status: number, text: string, header: (name: string) => string | null): ApiError {
  const body = parseObject(text)
  return new ApiError({
    status,
    code: typeof body.code === 'string' ? (body.code as ProblemCode) : codeOfStatus(status),
    detail: typeof body.detail === 'string' ? body.detail : undefined,
    fields: Array.isArray(body.errors) ? body.errors.filter(isFieldProblem) : [],
    retryAfterSeconds: parseRetryAfter(header('Retry-After')),
    requestId: header('X-Request-Id'),
    body,
  })
}

/** Reads `Retry-After` in seconds or as an HTTP date; null when absent or senseless. */
export function parseRetryAfter(value: string | null, now = Date.now()): number | null {
  if (!value) return null
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds))
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now) / 1000))
}

/** Wraps anything thrown into an ApiError, so screens handle one type. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError({ code: 'internal', detail: String(error) })
}

function codeOfStatus(status: number): ProblemCode {
  if (status === 401) return 'auth.required'
  if (status === 403) return 'access.denied'
  if (status === 404) return 'not_found'
  if (status === 413) return 'request.too_large'
  if (status === 429) return 'rate_limited'
  return status >= 500 ? 'unavailable' : 'internal'
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function isFieldProblem(value: unknown): value is FieldProblem {
  if (typeof value !== 'object' || value === null) return false
  const { field, code } = value as Partial<FieldProblem>
  return typeof field === 'string' && typeof code === 'string'
}
