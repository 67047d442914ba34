import { createPinia, setActivePinia } from 'pinia'
import { effectScope, nextTick, ref } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CompanionAnswer, CompanionMessage } from '@/shared/api/companionTypes'
import { ApiError } from '@/shared/api/problem'
import { useAsking } from '@/features/companion/ui/useAsking'
import { useCompanionThread } from '@/features/companion/ui/useCompanionThread'
import { emitRealtime } from '@/shared/realtime/events'
import { useConnection } from '@/shared/stores/connection'
import { useSession } from '@/shared/session/session'
import { student } from '../../support/samples'
import { answerOf, deltaOf, endOf, questionOf } from './samples'

const api = vi.hoisted(() => ({
  fetchThread: vi.fn(),
  fetchAnswer: vi.fn(),
  fetchCompanionInfo: vi.fn(),
  createThread: vi.fn(),
  ask: vi.fn(),
  stopAnswer: vi.fn(),
  regenerateAnswer: vi.fn(),
}))
vi.mock('@/features/companion/api/companion', () => api)

let stop: () => void = () => undefined

function serve(...messages: CompanionMessage[]): void {
  api.fetchThread.mockResolvedValue({ id: 't1', title: 'Ujian', created_at: '', last_message_at: '', messages, has_before: false })
}

async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  await nextTick()
}

async function open(id: string | null = 't1') {
  const scope = effectScope()
  const current = ref(id)
  const made = vi.fn()
  const opened = scope.run(() => {
    const thread = useCompanionThread(current)
    return { thread, asking: useAsking(current, thread, made) }
  })
  if (!opened) throw new Error('no thread')
  stop = () => scope.stop()
  await settle()
  const shown = (answerId = 'a1') => opened.thread.transcript.value.streams.get(answerId)?.answer
  return { ...opened, current, made, shown }
}

const delta = (seq: number, text: string, id = 'a1') => emitRealtime('companion.delta', deltaOf(seq, text, id))

beforeEach(() => {
  vi.useFakeTimers()
  vi.resetAllMocks()
  setActivePinia(createPinia())
  useSession().user = student
  api.fetchCompanionInfo.mockResolvedValue({ provider: 'model', left_today: 9, limit_per_day: 100, disclosure: '' })
  api.fetchAnswer.mockRejectedValue(new ApiError({ code: 'not_found', status: 404 }))
})
afterEach(() => {
  stop()
  vi.useRealTimers()
})

describe('an open thread', () => {
  it('continues an answer under way from the history', async () => {
    serve(questionOf('q1'), answerOf('a1', { text: 'satu dua ', seq: 2 }))
    const { shown } = await open()
    delta(3, 'tiga')
    expect(shown()).toMatchObject({ text: 'satu dua tiga', seq: 3, status: 'streaming' })
    emitRealtime('companion.done', endOf({ text: 'satu dua tiga.', seq: 4 }))
    expect(shown()).toMatchObject({ text: 'satu dua tiga.', status: 'done' })
    await settle(10_000)
    expect(api.fetchAnswer).not.toHaveBeenCalled()
  })

  it('asks for the whole when a piece is missing for a moment, and once', async () => {
    serve(questionOf('q1'), answerOf('a1', { text: 'satu ', seq: 1 }))
    const { shown } = await open()
    api.fetchAnswer.mockResolvedValue(answerOf('a1', { text: 'satu dua ', seq: 2 }))
    delta(3, 'tiga ')
    expect(shown()?.text).toBe('satu ')
    await settle(450)
    expect(api.fetchAnswer).toHaveBeenCalledTimes(1)
    expect(shown()?.text).toBe('satu dua tiga ')
  })

  it('does not ask when the missing piece comes by itself', async () => {
    serve(questionOf('q1'), answerOf('a1'))
    const { shown } = await open()
    delta(2, 'dua ')
    await settle(60)
    delta(1, 'satu ')
    await settle(1_000)
    expect(shown()?.text).toBe('satu dua ')
    expect(api.fetchAnswer).not.toHaveBeenCalled()
  })

  it('does not spin for ever when the end was lost', async () => {
    serve(questionOf('q1'), answerOf('a1', { text: 'satu ', seq: 1 }))
    const { shown } = await open()
    api.fetchAnswer.mockResolvedValue(answerOf('a1', { text: 'satu dua', seq: 2, status: 'interrupted' }))
    await settle(2_000)
    expect(api.fetchAnswer).not.toHaveBeenCalled()
    await settle(1_000)
    expect(shown()).toMatchObject({ status: 'interrupted', text: 'satu dua' })
  })

  it('grows by snapshots when there is no live connection', async () => {
    serve(questionOf('q1'), answerOf('a1'))
    const { shown } = await open()
    useConnection().follow('offline')
    let seq = 0
    api.fetchAnswer.mockImplementation(() => Promise.resolve(answerOf('a1', { seq: (seq += 1), text: 'ya '.repeat(seq) })))
    await settle(4_000)
    expect(api.fetchAnswer.mock.calls.length).toBeGreaterThanOrEqual(3)
    expect(shown()?.text).toBe('ya '.repeat(seq))
  })

  it('shows what another device asks, and is silent about other threads', async () => {
    serve()
    const { thread, shown } = await open()
    emitRealtime('companion.started', {
      thread_id: 't2',
      question: { ...questionOf('q9'), thread_id: 't2' },
      answer: answerOf('a9', { thread_id: 't2' }),
    })
    delta(1, 'bukan di sini', 'a9')
    emitRealtime('companion.started', { thread_id: 't1', question: questionOf('q1'), answer: answerOf('a1') })
    delta(1, 'di sini')
    await settle(1_000)
    expect(thread.transcript.value.turns.map(({ question }) => question.id)).toEqual(['q1'])
    expect(shown()?.text).toBe('di sini')
    expect([...thread.transcript.value.streams.keys(), ...thread.transcript.value.early.keys()]).toEqual(['a1'])
    expect(api.fetchAnswer).not.toHaveBeenCalled()
  })

  it('finds out whose the pieces are when it missed the beginning', async () => {
    serve()
    const { shown } = await open()
    api.fetchAnswer.mockImplementation((id: string): Promise<CompanionAnswer> =>
      Promise.resolve(answerOf(id, { thread_id: id === 'a1' ? 't1' : 't2' })),
    )
    delta(2, 'dua ')
    delta(1, 'lain', 'a9')
    serve(questionOf('q1'), answerOf('a1', { text: 'satu ', seq: 1 }))
    await settle(500)
    expect(shown()?.text).toBe('satu dua ')
    expect(shown('a9')).toBeUndefined()
  })

  it('says when it is gone', async () => {
    api.fetchThread.mockRejectedValue(new ApiError({ code: 'not_found', status: 404 }))
    const { thread } = await open()
    expect(thread.isGone.value).toBe(true)
  })
})

describe('asking', () => {
  it('makes the thread with the first question, and takes its pieces before the address has changed', async () => {
    const { asking, made, shown, thread } = await open(null)
    api.createThread.mockResolvedValue({ id: 't1', title: '', created_at: '', last_message_at: '' })
    api.ask.mockImplementation(async () => {
      emitRealtime('companion.started', { thread_id: 't1', question: questionOf('q1'), answer: answerOf('a1') })
      delta(1, 'Halo')
      return Promise.resolve({ question: questionOf('q1'), answer: answerOf('a1') })
    })
    await asking.send('halo')
    expect(made).toHaveBeenCalledTimes(1)
    expect(shown()?.text).toBe('Halo')
    expect(thread.transcript.value.turns).toHaveLength(1)
    expect(asking.outgoing.value).toBeNull()
  })

  it('repeats with the same id what did not arrive, in the thread that was made', async () => {
    const { asking, current, made } = await open(null)
    made.mockImplementation(({ id }: { id: string }) => (current.value = id))
    api.createThread.mockResolvedValue({ id: 't1', title: '', created_at: '', last_message_at: '' })
    api.ask.mockRejectedValueOnce(new ApiError({ code: 'client.offline' }))
    await asking.send('halo')
    expect(asking.outgoing.value).toMatchObject({ body: 'halo', error: { code: 'client.offline' } })
    api.ask.mockResolvedValueOnce({ question: questionOf('q1'), answer: answerOf('a1') })
    asking.retry()
    await settle()
    expect(api.ask.mock.calls.map(([thread, clientId]) => [thread, clientId])).toEqual(Array(2).fill(api.ask.mock.calls[0]?.slice(0, 2)))
    expect(api.createThread).toHaveBeenCalledTimes(1)
    expect(asking.outgoing.value).toBeNull()
  })

  it('says kindly until when the day is over, and gives the words back', async () => {
    serve()
    const { asking } = await open()
    vi.setSystemTime('2026-11-21T10:00:00Z')
    api.ask.mockRejectedValue(new ApiError({ code: 'companion.daily_limit', status: 429, retryAfterSeconds: 3_600 }))
    await asking.send('satu lagi')
    expect(asking.limit.value).toEqual({ until: Date.parse('2026-11-21T11:00:00Z') })
    expect(asking.takeBack()).toBe('satu lagi')
    expect(asking.outgoing.value).toBeNull()
  })

  it('stops with the text the server has, once', async () => {
    serve(questionOf('q1'), answerOf('a1', { text: 'satu ', seq: 1 }))
    const { asking, shown } = await open()
    api.stopAnswer.mockResolvedValue(answerOf('a1', { text: 'satu dua', seq: 2, status: 'stopped' }))
    await Promise.all([asking.stop('a1'), asking.stop('a1')])
    expect(api.stopAnswer).toHaveBeenCalledTimes(1)
    expect(shown()).toMatchObject({ status: 'stopped', text: 'satu dua' })
    delta(3, ' tiga')
    expect(shown()?.text).toBe('satu dua')
  })

  it('adds a version and keeps the former', async () => {
    serve(questionOf('q1'), answerOf('a1', { status: 'failed', error: { code: 'companion.unavailable', message: '' } }))
    const { asking, thread, shown } = await open()
    api.regenerateAnswer.mockResolvedValue(answerOf('a2', { version: 2, versions: ['a1', 'a2'] }))
    expect(await asking.regenerate('a1')).toBe('a2')
    delta(1, 'lebih baik', 'a2')
    expect(thread.transcript.value.turns[0]?.versions).toEqual(['a1', 'a2'])
    expect([shown('a1')?.status, shown('a2')?.text]).toEqual(['failed', 'lebih baik'])
  })
})
