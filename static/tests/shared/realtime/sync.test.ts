import { describe, expect, it, vi } from 'vitest'
import type { SyncAnswer } from '@/shared/api/types'
import { collectMissed, identityOf } from '@/shared/realtime/sync'

const event = (id: string) => ({ id, event: 'notice.created', data: { id: `n${id}` } })

describe('collectMissed', () => {
  it('reads on while there is more, in order', async () => {
    const pages: Record<string, SyncAnswer> = {
      '5': { events: [event('6'), event('7')], cursor: '7', more: true },
      '7': { events: [event('8')], cursor: '8', more: false },
    }
    const result = await collectMissed('5', async (cursor) => pages[cursor] as SyncAnswer)
    expect(result.events.map(({ id }) => id)).toEqual(['6', '7', '8'])
    expect(result.cursor).toBe('8')
    expect(result.isReset).toBe(false)
  })

  it('reports a reset and takes the new cursor', async () => {
    const result = await collectMissed('1', async () => ({ events: [], cursor: '90', more: false, reset: true }))
    expect(result).toEqual({ events: [], cursor: '90', isReset: true })
  })

  it('stops when the cursor does not move', async () => {
    const fetchPage = vi.fn(async () => ({ events: [], cursor: '1', more: true }))
    await collectMissed('1', fetchPage)
    expect(fetchPage).toHaveBeenCalledTimes(1)
  })

  it('passes a failure on', async () => {
    await expect(collectMissed('1', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
  })
})

describe('identityOf', () => {
  it('is the same for socket and sync when the object has an id', () => {
    expect(identityOf('notice.created', { id: 'n1' }, '44')).toBe(identityOf('notice.created', { id: 'n1' }, 'n1'))
  })

  it('falls back to the id of the log', () => {
    expect(identityOf('x', { text: 1 }, '44')).toBe('x:44')
    expect(identityOf('x', null, '44')).toBe('x:44')
  })
})
