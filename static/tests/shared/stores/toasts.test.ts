import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { useToasts } from '@/shared/stores/toasts'

describe('toasts store', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('stacks three; the oldest makes room', () => {
    const toasts = useToasts()
    for (const count of [1, 2, 3, 4]) toasts.push({ kind: 'summary', count })
    expect(toasts.stack.map((toast) => toast.kind === 'summary' && toast.count)).toEqual([2, 3, 4])
  })

  it('dismisses one', () => {
    const toasts = useToasts()
    toasts.push({ kind: 'summary', count: 1 })
    toasts.dismiss(toasts.stack[0]?.key ?? 0)
    expect(toasts.stack).toEqual([])
  })
})
