import { describe, expect, it } from 'vitest'
import { Cursor } from '@/shared/realtime/cursor'

describe('Cursor', () => {
  it('is kept per user for the next tab', () => {
    new Cursor('u1').moveTo('12')
    expect(new Cursor('u1').value).toBe('12')
    expect(new Cursor('u2').value).toBeNull()
  })

  it('does not jump ahead when another tab does', () => {
    const mine = new Cursor('u1')
    mine.moveTo('5')
    new Cursor('u1').moveTo('9')
    expect(mine.value).toBe('5')
  })

  it('works without storage', () => {
    const blocked = {
      getItem: () => {
        throw new Error('blocked')
      },
      setItem: () => {
        throw new Error('blocked')
      },
    }
    const cursor = new Cursor('u1', blocked)
    cursor.moveTo('3')
    expect(cursor.value).toBe('3')
  })
})
