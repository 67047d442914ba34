import { describe, expect, it } from 'vitest'
import { badgeNumber, emptyBadge, withArrival, withServerCount } from '@/realtime/badge'

describe('badge', () => {
  it('shows the number of the server', () => {
    expect(badgeNumber(withServerCount(emptyBadge, 4, []))).toBe(4)
  })

  it('grows by one per new notice, however often it arrives', () => {
    let badge = withServerCount(emptyBadge, 2, [])
    for (const id of ['a', 'a', 'b', 'a']) badge = withArrival(badge, id)
    expect(badgeNumber(badge)).toBe(4)
  })

  it('does not count a notice the server listed with its number', () => {
    const badge = withArrival(withServerCount(emptyBadge, 1, ['a']), 'a')
    expect(badgeNumber(badge)).toBe(1)
  })

  it('keeps a notice on top that arrived after the question was asked', () => {
    const asked = withArrival(emptyBadge, 'a')
    const meanwhile = withArrival(asked, 'b')
    expect(badgeNumber(withServerCount(meanwhile, 1, asked.pendingIds))).toBe(2)
  })

  it('follows the server down to zero', () => {
    const badge = withArrival(withServerCount(emptyBadge, 5, []), 'a')
    expect(badgeNumber(withServerCount(badge, 0, badge.pendingIds))).toBe(0)
  })
})
