import { createPinia, setActivePinia } from 'pinia'
import { describe, expect, it, vi } from 'vitest'
import { student } from '../../support/samples'

vi.mock('@/shared/api/auth', () => ({ fetchMe: vi.fn(() => Promise.resolve(student)) }))

describe('pages that say no', () => {
  it('are shown for a page of another role, by their own address, and for unknown ones', async () => {
    setActivePinia(createPinia())
    const { router } = await import('@/app/router')
    const pages = { '/guru/materi': 'forbidden', '/403': 'forbidden', '/student/nowhere': 'not-found', '/nowhere': 'not-found' }
    for (const [path, name] of Object.entries(pages)) {
      await router.push(path)
      expect([path, router.currentRoute.value.name]).toEqual([path, name])
    }
  })
})
