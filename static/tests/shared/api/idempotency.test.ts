import { afterEach, describe, expect, it, vi } from 'vitest'
import { createWishKeys, newIdempotencyKey } from '@/shared/api/idempotency'
import { ApiError, type ProblemCode } from '@/shared/api/problem'

describe('newIdempotencyKey', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is a UUIDv4 also outside a secure context', () => {
    vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes.fill(0xff) })
    expect(newIdempotencyKey()).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff')
  })
})

describe('the key of a wish', () => {
  const refuse = (code: ProblemCode, status: number) => () => Promise.reject(new ApiError({ code, status }))

  it('stays until there was an answer, and belongs to one wish', async () => {
    const keys = createWishKeys()
    const used: string[] = []
    const ask = async (wish: string, answer: () => Promise<unknown>) => {
      await keys
        .run(wish, (key) => {
          used.push(key)
          return answer()
        })
        .catch(() => undefined)
    }
    await ask('next', refuse('client.timeout', 0))
    await ask('next', refuse('internal', 500))
    await ask('next', refuse('conflict', 409))
    await ask('next', () => Promise.resolve())
    await ask('next', refuse('access.denied', 403))
    await ask('next', refuse('client.offline', 0))
    await ask('close', refuse('client.offline', 0))
    const [first, ...rest] = used
    expect(rest.slice(0, 3)).toEqual([first, first, first])
    expect(new Set(used).size).toBe(4)
  })
})
