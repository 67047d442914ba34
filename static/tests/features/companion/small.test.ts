import { nextTick, shallowRef } from 'vue'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import type { AnswerFault, CompanionAnswer } from '@/shared/api/companionTypes'
import { AnswerWatch } from '@/features/companion/model/answerWatch'
import { faults, troubleOf } from '@/features/companion/model/failure'
import { id } from '@/shared/i18n/id'
import { useSentenceFeed } from '@/features/companion/ui/useSentenceFeed'
import { useCompanion } from '@/features/companion/store/companion'
import { useSession } from '@/shared/session/session'
import { student } from '../../support/samples'
import { answerOf } from './samples'

describe('the watch over answers', () => {
  const one = (hasGap: boolean, isStreaming = true) => [{ id: 'a1', hasGap, isStreaming }]

  it('asks after a gap that stays, after silence, and sooner without a connection', () => {
    const watch = new AnswerWatch()
    expect(watch.due(one(false), true, 0)).toEqual([])
    expect(watch.due(one(true), true, 100)).toEqual([])
    expect(watch.due(one(true), true, 260)).toEqual(['a1'])
    expect(watch.due(one(true), true, 300)).toEqual([])
    expect(watch.due(one(false), true, 2_000)).toEqual([])
    expect(watch.due(one(false), true, 2_800)).toEqual(['a1'])
    expect(watch.due(one(false), false, 3_500)).toEqual([])
    expect(watch.due(one(false), false, 3_800)).toEqual(['a1'])
  })

  it('leaves ended answers alone', () => {
    const watch = new AnswerWatch()
    watch.due(one(true, false), true, 0)
    expect(watch.due(one(true, false), true, 100_000)).toEqual([])
  })
})

describe('the words for a failure', () => {
  it('are plain for what can happen, and there for what is not known', () => {
    const words = (status: CompanionAnswer['status'], code?: string) =>
      troubleOf({ status, error: code === undefined ? null : { code: code as AnswerFault['code'], message: 'kata server' } }, (key) => key)
    for (const fault of faults) {
      expect(words('failed', `companion.${fault}`)).toBe(`companion.failure.${fault}`)
      expect(id.companion.failure[fault]).toBeTruthy()
    }
    expect(words('interrupted')).toBe('companion.failure.interrupted')
    expect(words('done', 'companion.cut_short')).toBe('companion.failure.cut_short')
    expect(words('failed', 'companion.later')).toBe('kata server')
    expect(words('failed')).toBe('companion.failure.other')
    expect([words('done'), words('stopped'), words('streaming')]).toEqual([null, null, null])
  })
})

describe('what is told of an answer', () => {
  it('is each sentence of answers that come now, and how they end', async () => {
    const answers = shallowRef<CompanionAnswer[]>([answerOf('old', { status: 'done', text: 'Sudah lama di sini.' })])
    const { spoken } = useSentenceFeed(
      answers,
      () => false,
      ({ status }) => (status === 'stopped' ? 'Dihentikan.' : null),
    )
    const grow = async (text: string, status: CompanionAnswer['status'] = 'streaming') => {
      answers.value = [answers.value[0] as CompanionAnswer, answerOf('a1', { text, status })]
      await nextTick()
    }
    await grow('')
    await grow('Halo teman. Aku di')
    await grow('Halo teman. Aku di sini. Mau')
    await grow('Halo teman. Aku di sini. Mau cerita', 'stopped')
    await grow('Halo teman. Aku di sini. Mau cerita', 'stopped')
    expect(spoken.value.map(({ text }) => text)).toEqual(['Halo teman.', 'Aku di sini.', 'Mau cerita', 'Dihentikan.'])
  })

  it('begins after a reload with what is still to come', async () => {
    const answers = shallowRef<CompanionAnswer[]>([answerOf('a1', { text: 'Sudah dibaca. Baru seten' })])
    const { spoken } = useSentenceFeed(
      answers,
      () => false,
      () => null,
    )
    answers.value = [answerOf('a1', { text: 'Sudah dibaca. Baru setengah. Lalu', seq: 2 })]
    await nextTick()
    expect(spoken.value.map(({ text }) => text)).toEqual(['Baru setengah.'])
  })
})

describe('an answer that is there at once', () => {
  it('is told when it arrives now, and once: the help card must be heard', async () => {
    const card = answerOf('card', { kind: 'help_card', status: 'done' })
    const answers = shallowRef<CompanionAnswer[]>([answerOf('old', { kind: 'help_card', status: 'done' })])
    const { spoken } = useSentenceFeed(
      answers,
      (id) => id === 'card',
      () => 'Kamu tidak sendirian. Telepon 119.',
    )
    for (let round = 0; round < 3; round += 1) {
      answers.value = [answers.value[0] as CompanionAnswer, { ...card }]
      await nextTick()
    }
    expect(spoken.value.map(({ text }) => text)).toEqual(['Kamu tidak sendirian. Telepon 119.'])
  })
})

describe('the companion store', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('hands a wish to the booking page once, and never to another user', async () => {
    const session = useSession()
    session.user = student
    const companion = useCompanion()
    await nextTick()
    companion.wishFor({ topic: 'Ujian', note: 'Cemas' })
    expect(companion.takeWish()).toEqual({ topic: 'Ujian', note: 'Cemas' })
    expect(companion.takeWish()).toBeNull()
    companion.wishFor({ topic: 'Ujian', note: 'Cemas' })
    session.user = { ...student, id: 'u2' }
    await nextTick()
    expect(companion.takeWish()).toBeNull()
  })
})
