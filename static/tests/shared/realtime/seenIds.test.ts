import { describe, expect, it } from 'vitest'
import { SeenIds } from '@/shared/realtime/seenIds'

describe('SeenIds', () => {
  it('knows an id the second time', () => {
    const seen = new SeenIds()
    expect([seen.add('a'), seen.add('a'), seen.add('b')]).toEqual([true, false, true])
  })

  it('forgets the oldest beyond its capacity', () => {
    const seen = new SeenIds(2)
    for (const id of ['a', 'b', 'c']) seen.add(id)
    expect(seen.add('c')).toBe(false)
    expect(seen.add('a')).toBe(true)
  })
})
