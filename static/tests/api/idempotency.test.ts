import { afterEach, describe, expect, it, vi } from 'vitest'
import { newIdempotencyKey } from '@/api/idempotency'

describe('newIdempotencyKey', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is a UUIDv4 also outside a secure context', () => {
    vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes.fill(0xff) })
    expect(newIdempotencyKey()).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff')
  })
})
