import { describe, expect, it } from 'vitest'
import { plainText, readSentences } from '@/features/companion/model/sentences'

/** Reads `text` as it grows sign by sign. */
function readGrowing(text: string): string[] {
  const heard: string[] = []
  let position = 0
  for (let length = 1; length <= text.length; length += 1) {
    const feed = readSentences(text.slice(0, length), position, length === text.length)
    position = feed.position
    heard.push(...feed.sentences)
  }
  return heard
}

describe('what a screen reader hears', () => {
  it('is whole sentences, each once, in order', () => {
    const text = 'Terima kasih sudah cerita. Itu tidak mudah! Mau mulai dari mana? Aku mendengarkan'
    expect(readGrowing(text)).toEqual(['Terima kasih sudah cerita.', 'Itu tidak mudah!', 'Mau mulai dari mana?', 'Aku mendengarkan'])
  })

  it('is the words without the signs of Markdown', () => {
    expect(readGrowing('**Coba ini**, pelan-pelan:\n\n- *tarik* napas dalam\n- tulis [jurnal](https://contoh.id/a)\n')).toEqual([
      'Coba ini, pelan-pelan:',
      'tarik napas dalam',
      'tulis jurnal',
    ])
  })

  it('does not cut at numbers and short pieces', () => {
    expect(readGrowing('Pukul 10.30 kita mulai. 1. Siapkan buku. 2. Matikan ponsel. Selesai.')).toEqual([
      'Pukul 10.30 kita mulai.',
      '1. Siapkan buku.',
      '2. Matikan ponsel.',
      'Selesai.',
    ])
  })

  it('loses nothing, however the text is cut', () => {
    const text = 'Satu kalimat. Dua kalimat panjang… "Tiga kalimat?" Ya. Oke! Baiklah\nBaris lain tanpa titik'
    expect(readGrowing(text).join(' ')).toBe(plainText(text))
    expect(readSentences(text, 0, true).sentences.join(' ')).toBe(plainText(text))
  })

  it('says nothing new when nothing new is complete', () => {
    expect(readSentences('Halo, aku', 0, false)).toEqual({ position: 0, sentences: [] })
    expect(readSentences('', 0, true)).toEqual({ position: 0, sentences: [] })
  })
})
