import { afterEach, describe, expect, it, vi } from 'vitest'
import { claimChime } from '@/realtime/soundLeader'

describe('claimChime', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('lets one tab ring per notice', async () => {
    vi.stubGlobal('navigator', { locks: { request: (_: string, task: () => boolean) => Promise.resolve(task()) } })
    expect(await Promise.all([claimChime('a'), claimChime('a')])).toEqual([true, false])
    expect(await claimChime('b')).toBe(true)
  })

  it('works without Web Locks', async () => {
    vi.stubGlobal('navigator', {})
    const claims = await Promise.all([claimChime('a'), claimChime('a'), claimChime('a')])
    expect(claims.filter(Boolean)).toHaveLength(1)
  })
})
