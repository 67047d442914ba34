import { describe, expect, it } from 'vitest'
import { hasGap, streamOf, withDelta, withEnd, withSnapshot, type AnswerStream } from '@/features/companion/model/answerStream'
import { answerOf, deltaOf, endOf } from './samples'

const pieces = ['Halo, ', 'aku ', 'di ', 'sini. ', 'Cerita ', 'saja.']
const whole = pieces.join('')
const textUpTo = (seq: number) => pieces.slice(0, seq).join('')
const snapshotAt = (seq: number) => answerOf('a1', { text: textUpTo(seq), seq })
const start = streamOf(answerOf('a1'))
const feed = (stream: AnswerStream, ...seqs: number[]) =>
  seqs.reduce((now, seq) => withDelta(now, deltaOf(seq, pieces[seq - 1] ?? '')), stream)

/** Every order of a list. */
function orders<T>(items: T[]): T[][] {
  if (items.length < 2) return [items]
  return items.flatMap((item, index) => orders(items.filter((_, at) => at !== index)).map((rest) => [item, ...rest]))
}

describe('an answer that streams', () => {
  it('is put together from pieces in any order', () => {
    const wrong = orders([1, 2, 3, 4, 5, 6]).filter((order) => {
      const stream = feed(start, ...order)
      return stream.answer.text !== whole || hasGap(stream)
    })
    expect(wrong).toEqual([])
  })

  it('shows only the beginning while a piece is missing, and says so', () => {
    const stream = feed(start, 1, 2, 4, 5)
    expect(stream.answer.text).toBe(textUpTo(2))
    expect(hasGap(stream)).toBe(true)
    expect(hasGap(feed(start, 1, 2))).toBe(false)
  })

  it('takes repeats once', () => {
    expect(feed(start, 1, 1, 2, 1, 2, 3, 3).answer).toMatchObject({ text: textUpTo(3), seq: 3 })
    expect(feed(start, 1, 3, 3, 2, 3).answer.text).toBe(textUpTo(3))
  })

  it('is healed by a snapshot wherever the gap is', () => {
    for (let missing = 1; missing <= 5; missing += 1) {
      for (let at = missing; at <= 6; at += 1) {
        const gapped = feed(start, ...[1, 2, 3, 4, 5, 6].filter((seq) => seq !== missing))
        const healed = withSnapshot(gapped, snapshotAt(at))
        expect([missing, at, healed.answer.text, hasGap(healed)]).toEqual([missing, at, whole, false])
      }
    }
  })

  it('stays behind after a snapshot that is older than the gap', () => {
    const stream = withSnapshot(feed(start, 1, 2, 5), snapshotAt(3))
    expect(stream.answer.text).toBe(textUpTo(3))
    expect(hasGap(stream)).toBe(true)
    expect(feed(stream, 4).answer.text).toBe(textUpTo(5))
  })

  it('is not thrown back by an old snapshot', () => {
    const stream = feed(start, 1, 2, 3, 4)
    expect(withSnapshot(stream, snapshotAt(2)).answer).toMatchObject({ text: textUpTo(4), seq: 4 })
  })

  it('is joined in the middle', () => {
    const late = feed(streamOf(snapshotAt(3)), 2, 3, 4, 6)
    expect(late.answer.text).toBe(textUpTo(4))
    expect(feed(late, 5).answer.text).toBe(whole)
  })

  it('ends with the text the server says, also when pieces are missing', () => {
    const end = endOf({ seq: 6, text: whole })
    for (const seen of [[], [1], [1, 2, 5], [4, 6], [1, 2, 3, 4, 5, 6]]) {
      expect(withEnd(feed(start, ...seen), end)).toMatchObject({ answer: { text: whole, status: 'done', seq: 6 }, ahead: new Map() })
    }
  })

  it('can be taken back at its end', () => {
    const end = withEnd(feed(start, 1, 2, 3), endOf({ text: textUpTo(1), status: 'stopped', seq: 3 }))
    expect(end.answer).toMatchObject({ text: textUpTo(1), status: 'stopped' })
  })

  it('stays ended whatever comes late', () => {
    const ended = withEnd(feed(start, 1, 2), endOf({ text: textUpTo(2), status: 'stopped', seq: 2 }))
    expect(feed(ended, 3, 4)).toEqual(ended)
    expect(withSnapshot(ended, snapshotAt(6))).toEqual(ended)
  })

  it('ends by a snapshot when the event was lost', () => {
    const stream = withSnapshot(feed(start, 1, 2, 4), { id: 'a1', status: 'interrupted', text: textUpTo(4), seq: 4 })
    expect(stream.answer).toMatchObject({ status: 'interrupted', text: textUpTo(4) })
    expect(hasGap(stream)).toBe(false)
  })

  it('has the same text on two devices however their frames are shuffled', () => {
    let seed = 7
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    const wrong: unknown[] = []
    for (let round = 0; round < 500; round += 1) {
      let stream = random() < 0.5 ? start : streamOf(snapshotAt(Math.floor(random() * 6)))
      for (let frame = 0; frame < 14; frame += 1) {
        const before = stream.answer.text
        stream = random() < 0.75 ? feed(stream, 1 + Math.floor(random() * 6)) : withSnapshot(stream, snapshotAt(Math.floor(random() * 7)))
        const { text, seq } = stream.answer
        if (!text.startsWith(before) || text !== textUpTo(seq)) wrong.push([round, frame, before, text, seq])
      }
      if (withEnd(stream, endOf({ seq: 6, text: whole })).answer.text !== whole) wrong.push([round, 'end'])
    }
    expect(wrong).toEqual([])
  })
})
