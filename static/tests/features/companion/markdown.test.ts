import { describe, expect, it } from 'vitest'
import { isAllowedLink, mendTail, renderBlocks } from '@/features/companion/model/markdown'
import { patchNodes } from '@/features/companion/model/patchNodes'

const html = (text: string, isGrowing = false) => renderBlocks(text, isGrowing).join('')

describe('markdown of answers', () => {
  it('knows what an answer needs', () => {
    expect(html('**tebal** dan *miring*')).toBe('<p><strong>tebal</strong> dan <em>miring</em></p>\n')
    expect(html('- satu\n- dua')).toBe('<ul>\n<li>satu</li>\n<li>dua</li>\n</ul>\n')
    expect(html('> kutipan')).toContain('<blockquote>')
    expect(html('# Judul')).toBe('<p><strong>Judul</strong></p>\n')
    expect(html('satu\ndua')).toContain('<br>')
  })

  it('aligns no columns: a style attribute would break the policy of the page', () => {
    const table = html('| a | b |\n|:-:|--:|\n| c | d |')
    expect(table).toContain('<td>c</td>')
    expect(table).not.toContain('style')
  })

  it('escapes HTML and shows no images', () => {
    expect(html('<img src=x onerror=alert(1)>')).toContain('&lt;img')
    expect(html('<script>alert(1)</script>')).not.toContain('<script')
    expect(html('![kucing](https://contoh.id/kucing.png)')).not.toContain('<img')
  })

  it('links to https only', () => {
    expect(html('[situs](https://healing119.id)')).toContain('href="https://healing119.id"')
    expect(html('lihat https://healing119.id ya')).toContain('href="https://healing119.id"')
    for (const url of [
      'http://contoh.id',
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      '//contoh.id',
      '/guru',
      'tel:119',
      'https:contoh',
      'https://healing119.id@jahat.id/',
    ]) {
      expect(isAllowedLink(url), url).toBe(false)
      expect(html(`[x](<${url}>)`), url).not.toContain(`href="${url}`)
    }
  })

  it('does not turn a paragraph into something else by a later line', () => {
    expect(html('Satu kalimat\n---')).not.toMatch(/<h\d/)
    expect(html('[teman]\n\n[teman]: https://contoh.id')).not.toContain('<a href="https://contoh.id">teman')
  })

  it('closes what is open at the end while it grows', () => {
    const mended: [string, string][] = [
      ['ini **teb', 'ini **teb**'],
      ['ini **tebal*', 'ini **tebal**'],
      ['ini **', 'ini '],
      ['ini *mir', 'ini *mir*'],
      ['kode `x', 'kode `x`'],
      ['lihat [situs', 'lihat situs'],
      ['lihat [situs]', 'lihat situs'],
      ['lihat [situs](https://con', 'lihat situs'],
      ['satu\n\n- ', 'satu\n\n'],
      ['satu\n\n2', 'satu\n\n'],
      ['**a** dan **b', '**a** dan **b**'],
      ['* butir satu\n* butir du', '* butir satu\n* butir du'],
      ['```\n**x', '```\n**x'],
      ['selesai.', 'selesai.'],
    ]
    for (const [text, expected] of mended) expect(mendTail(text), text).toBe(expected)
  })

  it('changes only the last block while it grows, and never shows a mark that later goes away', () => {
    const text = 'Halo **teman**.\n\n- tarik *napas* dulu\n- lalu `tulis`\n\nBaca [ini](https://contoh.id/x) nanti.'
    let before: string[] = []
    for (let length = 1; length <= text.length; length += 1) {
      const blocks = renderBlocks(text.slice(0, length), true)
      expect(blocks.slice(0, before.length - 1)).toEqual(before.slice(0, -1).slice(0, blocks.length))
      expect(blocks.join('').replace(/<[^>]*>/g, '')).not.toMatch(/[*`[\]]/)
      before = blocks
    }
    expect(renderBlocks(text, false)).toEqual(before)
  })

  it('touches only the nodes that changed', () => {
    const box = document.createElement('div')
    const fill = (markup: string) => {
      const source = document.createElement('div')
      source.innerHTML = markup
      patchNodes(box, source)
    }
    fill('<ul><li>satu</li><li>du</li></ul>')
    const first = box.querySelector('li')
    fill('<ul><li>satu</li><li>dua <b>x</b></li><li>tiga</li></ul>')
    expect(box.innerHTML).toBe('<ul><li>satu</li><li>dua <b>x</b></li><li>tiga</li></ul>')
    expect(box.querySelector('li')).toBe(first)
    fill('<p>lain</p>')
    expect(box.innerHTML).toBe('<p>lain</p>')
  })
})
