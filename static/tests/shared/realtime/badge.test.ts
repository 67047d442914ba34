import { describe, expect, it } from 'vitest'
import { badgeNumber, emptyBadge, withArrival, withServerCount } from '@/shared/realtime/badge'

/** A number of the server; the versions of these tests only matter where they say so. */
const unread = (unread_count: number, version = 1) => ({ unread_count, version })

describe('badge', () => {
  it('shows the number of the server', () => {
    expect(badgeNumber(withServerCount(emptyBadge, unread(4), []))).toBe(4)
  })

  it('grows by one per new notice, however often it arrives', () => {
    let badge = withServerCount(emptyBadge, unread(2), [])
    for (const id of ['a', 'a', 'b', 'a']) badge = withArrival(badge, id)
    expect(badgeNumber(badge)).toBe(4)
  })

  it('does not count a notice the server listed with its number', () => {
    const badge = withArrival(withServerCount(emptyBadge, unread(1), ['a']), 'a')
    expect(badgeNumber(badge)).toBe(1)
  })

  it('keeps a notice on top that arrived after the question was asked', () => {
    const asked = withArrival(emptyBadge, 'a')
    const meanwhile = withArrival(asked, 'b')
    expect(badgeNumber(withServerCount(meanwhile, unread(1), asked.pendingIds))).toBe(2)
  })

  it('follows the server down to zero', () => {
    const badge = withArrival(withServerCount(emptyBadge, unread(5), []), 'a')
    expect(badgeNumber(withServerCount(badge, unread(0), badge.pendingIds))).toBe(0)
  })

  it('ignores a number that is older than the one it shows, and takes one that is as new', () => {
    const read = withServerCount(withServerCount(emptyBadge, unread(5, 10), []), unread(0, 12), [])
    expect(badgeNumber(withServerCount(read, unread(5, 11), []))).toBe(0)
    expect(badgeNumber(withServerCount(read, unread(1, 12), []))).toBe(1)
    expect(badgeNumber(withServerCount(read, unread(2, 13), []))).toBe(2)
  })
})
