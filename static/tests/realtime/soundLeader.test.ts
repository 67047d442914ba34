import { afterEach, describe, expect, it, vi } from 'vitest'
import { claimChime } from '@/realtime/soundLeader'

describe('claimChime', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('lets one tab ring per notice', async () => {
    vi.stubGlobal('navigator', { locks: { request: (_: string, task: () => boolean) => Promise.resolve(task()) } })
    expect(await Promise.all([claimChime('a'), claimChime('a')])).toEqual([true, false])
    expect(await claimChime('b')).toBe(true)
  })

  it('does not ring again for any notice of a burst that another tab hears later', async () => {
    vi.stubGlobal('navigator', { locks: { request: (_: string, task: () => boolean) => Promise.resolve(task()) } })
    const burst = ['k', 'l', 'm']
    for (const id of burst) expect(await claimChime(id)).toBe(true)
    for (const id of burst) expect(await claimChime(id)).toBe(false)
    for (let count = 0; count < 200; count += 1) await claimChime(`n${count}`)
    expect(JSON.stringify({ ...localStorage }).length).toBeLessThan(500)
  })

  it('works without Web Locks', async () => {
    vi.stubGlobal('navigator', {})
    const claims = await Promise.all([claimChime('a'), claimChime('a'), claimChime('a')])
    expect(claims.filter(Boolean)).toHaveLength(1)
  })
})
