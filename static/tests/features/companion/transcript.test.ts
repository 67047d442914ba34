import { describe, expect, it } from 'vitest'
import {
  emptyTranscript,
  gappedIds,
  streamingAnswers,
  takeDelta,
  takeEnd,
  takeSnapshot,
  withMessages,
  withoutEarly,
} from '@/features/companion/model/transcript'
import { answerOf, deltaOf, endOf, questionOf } from './samples'

const asked = withMessages(emptyTranscript, [questionOf('q1'), answerOf('a1')])
const textOf = (transcript: typeof asked, id: string) => transcript.streams.get(id)?.answer.text

describe('a thread', () => {
  it('has its questions in the order they were asked, however they arrive', () => {
    const transcript = withMessages(emptyTranscript, [questionOf('q3'), questionOf('q1'), questionOf('q2'), questionOf('q1')])
    expect(transcript.turns.map(({ question }) => question.id)).toEqual(['q1', 'q2', 'q3'])
  })

  it('has every version of an answer, oldest first, and loses none to an older list', () => {
    const second = answerOf('a2', { version: 2, versions: ['a1', 'a2'] })
    const transcript = withMessages(asked, [second, answerOf('a1', { versions: ['a1'] })])
    expect(transcript.turns[0]?.versions).toEqual(['a1', 'a2'])
    expect(withMessages(emptyTranscript, [questionOf('q1'), second]).turns[0]?.versions).toEqual(['a1', 'a2'])
  })

  it('keeps what arrives before the answer is known', () => {
    let transcript = takeDelta(takeDelta(emptyTranscript, deltaOf(1, 'satu ')), deltaOf(2, 'dua '))
    expect(transcript.streams.size).toBe(0)
    transcript = withMessages(transcript, [questionOf('q1'), answerOf('a1')])
    expect(textOf(transcript, 'a1')).toBe('satu dua ')
    expect(transcript.early.size).toBe(0)
  })

  it('keeps an end that overtakes its beginning', () => {
    const transcript = withMessages(takeEnd(takeDelta(emptyTranscript, deltaOf(1, 'satu ')), endOf()), [questionOf('q1'), answerOf('a1')])
    expect(transcript.streams.get('a1')?.answer).toMatchObject({ status: 'done', text: 'satu dua tiga' })
    expect(streamingAnswers(transcript)).toEqual([])
  })

  it('hears `started` twice without losing text', () => {
    const grown = takeDelta(asked, deltaOf(1, 'satu '))
    expect(textOf(withMessages(grown, [questionOf('q1'), answerOf('a1')]), 'a1')).toBe('satu ')
  })

  it('names the answers that lack a piece until a snapshot came', () => {
    const gapped = takeDelta(asked, deltaOf(2, 'dua '))
    expect(gappedIds(gapped)).toEqual(['a1'])
    const healed = takeSnapshot(gapped, { id: 'a1', status: 'streaming', text: 'satu ', seq: 1 })
    expect([gappedIds(healed), textOf(healed, 'a1')]).toEqual([[], 'satu dua '])
  })

  it('forgets pieces of other threads', () => {
    const transcript = takeDelta(asked, deltaOf(1, 'x', 'elsewhere'))
    expect(transcript.early.has('elsewhere')).toBe(true)
    expect(withoutEarly(transcript, 'elsewhere').early.size).toBe(0)
    expect(takeSnapshot(asked, { id: 'elsewhere', status: 'done', text: 'x', seq: 1 })).toBe(asked)
  })
})
