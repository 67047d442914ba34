import { describe, expect, it } from 'vitest'
import { parseProblem, parseRetryAfter } from '@/shared/api/problem'

const none = () => null

describe('problems', () => {
  it('gives an unreadable body the code of its status', () => {
    expect(parseProblem(404, '<html>', none).code).toBe('not_found')
    expect(parseProblem(502, '', none).code).toBe('unavailable')
    expect(parseProblem(429, '[]', none).code).toBe('rate_limited')
  })

  it('reads Retry-After as seconds, as a date, or not at all', () => {
    expect(parseRetryAfter('12')).toBe(12)
    expect(parseRetryAfter(new Date(5_000).toUTCString(), 0)).toBe(5)
    expect(parseRetryAfter('soon')).toBeNull()
    expect(parseRetryAfter(null)).toBeNull()
  })
})
