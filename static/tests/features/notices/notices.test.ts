import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { listedNotice, noticeOf } from '../../support/samples'

const api = vi.hoisted(() => ({ fetchNotices: vi.fn(), markNoticeRead: vi.fn(), markAllNoticesRead: vi.fn() }))
vi.mock('@/features/notices/api/notices', () => api)

const { useNotices } = await import('@/features/notices/store/notices')

describe('notices store', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.resetAllMocks()
    setActivePinia(createPinia())
    api.fetchNotices.mockResolvedValue({ items: [listedNotice('a')], next: null, unread_count: 1, version: 5 })
  })

  it('asks for the true number soon after an arrival', async () => {
    const store = useNotices()
    await store.loadLatest()
    store.receive(noticeOf('b'))
    expect(store.unreadCount).toBe(2)
    api.fetchNotices.mockResolvedValue({ items: [listedNotice('b')], next: null, unread_count: 7, version: 6 })
    await vi.advanceTimersByTimeAsync(800)
    expect(store.unreadCount).toBe(7)
    expect(store.latest.map(({ id }) => id)).toEqual(['b', 'a'])
  })

  it('follows what another device read', async () => {
    const store = useNotices()
    await store.loadLatest()
    store.applyState({ unread_count: 0, version: 6, all: false, notice_ids: ['a'] })
    expect(store.unreadCount).toBe(0)
    expect(store.latest[0]?.read_at).not.toBeNull()
  })

  it('does not let an answer from before a read bring the old number back', async () => {
    const store = useNotices()
    const answers: ((page: unknown) => void)[] = []
    api.fetchNotices.mockImplementation(() => new Promise((resolve) => answers.push(resolve)))
    const loading = store.loadLatest()
    store.applyState({ unread_count: 0, version: 6, all: true, notice_ids: [] })
    answers[0]?.({ items: [listedNotice('a')], next: null, unread_count: 1, version: 5 })
    await vi.waitFor(() => expect(answers).toHaveLength(2))
    expect(store.unreadCount).toBe(0)
    answers[1]?.({ items: [listedNotice('a', '2026-11-21T07:00:00Z')], next: null, unread_count: 0, version: 6 })
    await loading
    expect(store.unreadCount).toBe(0)
    expect(store.latest[0]?.read_at).not.toBeNull()
  })

  it('ignores the number of an event that was overtaken, and keeps what came since unread', async () => {
    const store = useNotices()
    api.fetchNotices.mockResolvedValue({ items: [listedNotice('b')], next: null, unread_count: 1, version: 8 })
    await store.loadLatest()
    store.applyState({ unread_count: 0, version: 7, all: true, notice_ids: [] })
    expect(store.unreadCount).toBe(1)
    expect(store.latest[0]?.read_at).toBeNull()
  })

  it('does not let the late answer to an earlier read undo a later one', async () => {
    const store = useNotices()
    await store.loadLatest()
    let answerEarlier: (unread: unknown) => void = () => undefined
    api.markNoticeRead.mockImplementation(() => new Promise((resolve) => (answerEarlier = resolve)))
    const earlier = store.markRead('a')
    store.applyState({ unread_count: 0, version: 7, all: true, notice_ids: [] })
    answerEarlier({ unread_count: 3, version: 6 })
    await earlier
    expect(store.unreadCount).toBe(0)
  })

  it('believes a server that counts anew after its database was restored', async () => {
    const store = useNotices()
    await store.loadLatest()
    api.fetchNotices.mockResolvedValue({ items: [listedNotice('a')], next: null, unread_count: 4, version: 2 })
    await store.loadLatest()
    expect(store.unreadCount).toBe(4)
  })

  it('takes a failed read back', async () => {
    const store = useNotices()
    await store.loadLatest()
    api.markNoticeRead.mockRejectedValue(new Error('away'))
    await expect(store.markRead('a')).rejects.toThrow()
    expect(store.latest[0]?.read_at).toBeNull()
    expect(store.unreadCount).toBe(1)
  })

  it('keeps what arrived while a failed read was on its way', async () => {
    const store = useNotices()
    await store.loadLatest()
    for (const read of [() => store.markRead('a'), () => store.markAllRead()]) {
      const arrival = `late-${store.latest.length}`
      const fail = () => {
        store.receive(noticeOf(arrival))
        return Promise.reject(new Error('away'))
      }
      api.markNoticeRead.mockImplementation(fail)
      api.markAllNoticesRead.mockImplementation(fail)
      await expect(read()).rejects.toThrow()
      expect(store.latest[0]?.id).toBe(arrival)
      expect(store.latest.every(({ read_at }) => read_at === null)).toBe(true)
    }
  })

  it('marks all as read with the number of the server', async () => {
    const store = useNotices()
    await store.loadLatest()
    api.markAllNoticesRead.mockResolvedValue({ unread_count: 0, version: 6 })
    await store.markAllRead()
    expect(store.unreadCount).toBe(0)
  })
})
