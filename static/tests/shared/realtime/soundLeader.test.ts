import { afterEach, describe, expect, it, vi } from 'vitest'
import { claimChime } from '@/shared/realtime/soundLeader'

describe('claimChime', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('lets one tab ring per notice', async () => {
    const held = new Set<string>()
    const request = async (name: string, _: unknown, task: (lock: unknown) => Promise<void>) => {
      if (held.has(name)) return task(null)
      held.add(name)
      await task({ name })
    }
    vi.stubGlobal('navigator', { locks: { request } })
    expect(await Promise.all([claimChime('a'), claimChime('a')])).toEqual([true, false])
    expect(await claimChime('b')).toBe(true)
  })

  it('does not trust the storage, which other tabs may read late', async () => {
    const request = (_: string, __: unknown, task: (lock: unknown) => Promise<void>) => task(null)
    vi.stubGlobal('navigator', { locks: { request } })
    expect(await claimChime('c')).toBe(false)
  })

  it('works without Web Locks', async () => {
    vi.stubGlobal('navigator', {})
    const claims = await Promise.all([claimChime('a'), claimChime('a'), claimChime('a')])
    expect(claims.filter(Boolean)).toHaveLength(1)
  })
})
