import { describe, expect, it } from 'vitest'
import { fileProblem } from '@/features/chat/model/attachments'
import { cannedQuery, fillCanned, matchCanned } from '@/features/chat/model/canned'
import { linkify, markWords } from '@/features/chat/model/linkify'

describe('links in messages', () => {
  it('are found without the punctuation around them', () => {
    expect(linkify('Lihat https://a.id/x?y=1, ya (http://b.id).').map(({ text }) => text)).toEqual([
      'Lihat ',
      'https://a.id/x?y=1',
      ', ya (',
      'http://b.id',
      ').',
    ])
    expect(linkify('tanpa tautan')).toEqual([{ kind: 'text', text: 'tanpa tautan' }])
    expect(linkify('')).toEqual([])
  })

  it('are never scripts', () => {
    expect(linkify('javascript:alert(1) data:text/html,x').every(({ kind }) => kind === 'text')).toBe(true)
  })
})

describe('search words', () => {
  it('are marked, whatever signs they hold', () => {
    expect(
      markWords('Ujian besok (UJIAN)', 'ujian')
        .filter(({ isHit }) => isHit)
        .map(({ text }) => text),
    ).toEqual(['Ujian', 'UJIAN'])
    expect(markWords('a+b', 'a+b')).toEqual([{ text: 'a+b', isHit: true }])
    expect(markWords('apa', '  ')).toEqual([{ text: 'apa', isHit: false }])
  })
})

describe('canned replies', () => {
  const reply = (shortcut: string, body = '') => ({ id: shortcut, shortcut, body, scope: 'own' as const })

  it('are called by a slash at the start, alone', () => {
    expect(cannedQuery('/')).toBe('')
    expect(cannedQuery('/Sal')).toBe('sal')
    for (const text of ['', 'a/b', '/sal am', 'halo /sal', '//']) expect(cannedQuery(text), text).toBeNull()
  })

  it('come in the order of how well they match', () => {
    const replies = [reply('x-salam'), reply('tutup', 'salam'), reply('salam'), reply('lain')]
    expect(matchCanned(replies, 'salam').map(({ shortcut }) => shortcut)).toEqual(['salam', 'x-salam', 'tutup'])
    expect(matchCanned(replies, '')).toHaveLength(4)
  })

  it('address the student by the first name', () => {
    expect(fillCanned('Halo {nama}, apa kabar {nama}?', 'Ayu Lestari')).toBe('Halo Ayu, apa kabar Ayu?')
  })
})

describe('files', () => {
  it('are refused by type and size before they travel', () => {
    expect(fileProblem({ type: 'image/png', size: 10 })).toBeNull()
    expect(fileProblem({ type: 'text/html', size: 10 })).toBe('type')
    expect(fileProblem({ type: 'application/pdf', size: 11_000_000 })).toBe('size')
    expect(fileProblem({ type: 'application/pdf', size: 0 })).toBe('size')
  })
})
