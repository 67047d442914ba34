import { describe, expect, it } from 'vitest'
import { emptyBuffer, heldCount, isMark, mostLines, released, withFrame, type ConsoleBuffer } from '@/features/apps/model/consoleBuffer'
import { consoleGroups, filtered } from '@/features/apps/model/consoleFilter'
import { isCut, prettyData, summaryOf, toneOf } from '@/features/apps/model/consoleLine'
import { id } from '@/shared/i18n/id'
import { consoleKinds } from '../../support/contract'
import { lineOf } from './samples'

const frame = (from: number, count: number, skipped = 0) => ({
  lines: Array.from({ length: count }, (_, n) => lineOf(`l${from + n}`)),
  skipped,
})
const idsOf = (buffer: ConsoleBuffer) => buffer.shown.map((entry) => (isMark(entry) ? `+${entry.count}` : entry.id))

describe('the lines of the console', () => {
  it('stand in the order they came, each once', () => {
    const twice = withFrame(withFrame(emptyBuffer, frame(1, 2), false), frame(2, 2), false)
    expect(idsOf(twice)).toEqual(['l1', 'l2', 'l3'])
    expect(withFrame(twice, frame(1, 3), false)).toBe(twice)
  })

  it('are at most 500, the newest', () => {
    let buffer = emptyBuffer
    for (let from = 0; from < 600; from += 50) buffer = withFrame(buffer, frame(from, 50), false)
    expect(buffer.shown).toHaveLength(mostLines)
    expect([idsOf(buffer)[0], idsOf(buffer).at(-1)]).toEqual(['l100', 'l599'])
  })

  it('are held back while somebody reads, and come in their order afterwards', () => {
    const read = withFrame(emptyBuffer, frame(1, 2), false)
    const held = withFrame(withFrame(read, frame(3, 1), true), frame(4, 2), true)
    expect(held.shown).toBe(read.shown)
    expect(heldCount(held)).toBe(3)
    expect(idsOf(released(held))).toEqual(['l1', 'l2', 'l3', 'l4', 'l5'])
    expect(idsOf(withFrame(held, frame(6, 1), false))).toEqual(['l1', 'l2', 'l3', 'l4', 'l5', 'l6'])
    expect(released(read)).toBe(read)
  })

  it('of two nodes stand in the order of their times', () => {
    const at = (id: string, ms: string) => lineOf(id, { at: `2026-11-21T07:00:00.${ms}Z` })
    const one = withFrame(emptyBuffer, { lines: [at('a1', '010'), at('a2', '090')], skipped: 2 }, false)
    expect(idsOf(withFrame(one, { lines: [at('b1', '050'), at('b2', '090')], skipped: 0 }, false))).toEqual(['a1', 'b1', 'a2', '+2', 'b2'])
    const held = withFrame(one, { lines: [at('b1', '050')], skipped: 0 }, true)
    expect(idsOf(held)).toEqual(['a1', 'a2', '+2'])
    expect(idsOf(released(held))).toEqual(['a1', 'b1', 'a2', '+2'])
  })

  it('tell how many were skipped, where they would have stood', () => {
    const buffer = withFrame(withFrame(emptyBuffer, frame(1, 1, 40), false), frame(2, 1), false)
    expect(idsOf(buffer)).toEqual(['l1', '+40', 'l2'])
    expect(idsOf(withFrame(emptyBuffer, { lines: [], skipped: 3 }, false))).toEqual(['+3'])
    expect(new Set(withFrame(buffer, { lines: [], skipped: 3 }, false).shown.map(({ id }) => id)).size).toBe(4)
  })

  it('count what no longer fits behind a screen that is read for long', () => {
    let buffer = withFrame(emptyBuffer, frame(0, 1), false)
    for (let from = 1; from < 700; from += 50) buffer = withFrame(buffer, frame(from, 50), true)
    expect(buffer.held).toHaveLength(mostLines)
    expect(heldCount(buffer)).toBe(700)
    // One more pushes the gap itself out: the screen holds 500.
    expect(released(buffer).shown).toHaveLength(mostLines)
    expect(idsOf(released(buffer)).at(-1)).toBe('l700')
  })
})

describe('the filter', () => {
  const lines = [
    lineOf('1', { kind: 'connected', socket_id: '12.34' }),
    lineOf('2', { kind: 'api_event', channel: 'Kelas-7', event: 'nilai', data: '{"n":1}' }),
    lineOf('3', { kind: 'refused', code: 4001, reason: 'unknown key' }),
  ]
  const entries = [...lines, { id: 'x', kind: 'skipped' as const, at: '', count: 2 }]
  const idsFor = (kind: Parameters<typeof filtered>[1]['kind'], text = '') => filtered(entries, { kind, text }).map(({ id }) => id)

  it('chooses a kind, or a group of kinds', () => {
    expect(idsFor('')).toEqual(['1', '2', '3', 'x'])
    expect(idsFor('api_event')).toEqual(['2', 'x'])
    expect(idsFor('problems')).toEqual(['3', 'x'])
    expect(idsFor('connections')).toEqual(['1', '3', 'x'])
  })

  it('finds a word in whatever a line tells, large or small', () => {
    expect(idsFor('', 'kelas')).toEqual(['2', 'x'])
    expect(idsFor('', '"N":1')).toEqual(['2', 'x'])
    expect(idsFor('', '4001')).toEqual(['3', 'x'])
    expect(idsFor('', ' 12.34 ')).toEqual(['1', 'x'])
    expect(idsFor('problems', '12.34')).toEqual(['x'])
  })

  it('has every kind in a group', () => {
    const grouped = new Set<string>(Object.values(consoleGroups).flat())
    expect(consoleKinds.filter((kind) => !grouped.has(kind))).toEqual([])
    expect(Object.keys(id.apps.console.kinds).sort()).toEqual([...consoleKinds].sort())
  })
})

describe('a line', () => {
  it('is told in a few words', () => {
    expect(summaryOf(lineOf('1', { socket_id: '1.2' }))).toEqual({ main: '1.2', rest: [] })
    expect(summaryOf(lineOf('1', { kind: 'api_event', event: 'nilai', channel: 'kelas' }))).toEqual({ main: 'nilai', rest: ['kelas'] })
    expect(summaryOf(lineOf('1', { kind: 'refused', socket_id: '1.2', code: 4001, reason: 'unknown key' }))).toEqual({
      main: '1.2',
      rest: ['4001', 'unknown key'],
    })
    expect(summaryOf(lineOf('1', { kind: 'count', channel: 'kelas', data: '3' }))).toEqual({ main: 'kelas', rest: ['3'] })
    expect(summaryOf(lineOf('1'))).toEqual({ main: '', rest: [] })
  })

  it('has the colour of its group, trouble first', () => {
    expect([toneOf('refused'), toneOf('api_event'), toneOf('webhook_sent'), toneOf('occupied'), toneOf('from_the_future')]).toEqual([
      'tone-danger',
      'tone-sky',
      'tone-plum',
      'tone-sea',
      'tone-quiet',
    ])
  })

  it('shows whole JSON with line breaks, and says when it is cut', () => {
    expect(prettyData({ data: '{"a":1}', bytes: 7 })).toBe('{\n  "a": 1\n}')
    expect(prettyData({ data: 'halo', bytes: 4 })).toBe('halo')
    expect(prettyData({ data: '{"a":', bytes: 5 })).toBe('{"a":')
    expect(prettyData({ data: null, bytes: null })).toBe('')
    expect([isCut({ data: '{"a":1}', bytes: 900 }), isCut({ data: 'é', bytes: 2 }), isCut({ data: null, bytes: null })]).toEqual([
      true,
      false,
      false,
    ])
  })
})
