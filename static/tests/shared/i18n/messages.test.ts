import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { en } from '@/shared/i18n/en'
import { id } from '@/shared/i18n/id'
import { errorCodes, fieldCodes } from '../../support/contract'

type Tree = { [key: string]: string | Tree }

function flatten(tree: Tree, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') flat.set(prefix + key, value)
    else for (const [inner, text] of flatten(value, `${prefix}${key}.`)) flat.set(inner, text)
  }
  return flat
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(vue|ts)$/.test(name) && !name.startsWith('shared/i18n'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}

const indonesian = flatten(id)
const english = flatten(en)
const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

/** Only programs are answered so: backends of connected apps, and sockets. */
const neverOfThePage = ['apps.not_signed', 'request.upgrade_required']

describe('messages', () => {
  it('exist in both languages with the same placeholders', () => {
    expect([...english.keys()].sort()).toEqual([...indonesian.keys()].sort())
    for (const [key, text] of indonesian) expect(placeholders(english.get(key) ?? ''), key).toEqual(placeholders(text))
  })

  it('exist for every key the code names', () => {
    const named = sources('src').flatMap((text) => [...text.matchAll(/\bt\('([\w.-]+)'/g)].map((match) => match[1] ?? ''))
    expect(named.length).toBeGreaterThan(100)
    expect(named.filter((key) => !indonesian.has(key))).toEqual([])
  })

  it('cover every documented error and field code', () => {
    const codes = errorCodes.filter((code) => !neverOfThePage.includes(code))
    const keys = [...codes.map((code) => `errors.${code}`), ...fieldCodes.map((code) => `fieldErrors.${code}`)]
    expect(keys.filter((key) => !indonesian.has(key))).toEqual([])
    const known = new Set([...keys, 'errors.unknown'])
    const isOfAnError = (key: string) => /^(errors|fieldErrors)\./.test(key) && !key.startsWith('errors.client.')
    expect([...indonesian.keys()].filter((key) => isOfAnError(key) && !known.has(key))).toEqual([])
  })
})
