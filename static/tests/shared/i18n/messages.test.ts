import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { en } from '@/shared/i18n/en'
import { id } from '@/shared/i18n/id'

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
    const codes = [
      'request.malformed',
      'auth.required',
      'auth.invalid_credentials',
      'auth.cross_site',
      'access.denied',
      'not_found',
      'method_not_allowed',
      'request.timeout',
      'users.login_taken',
      'conflict',
      'request.too_large',
      'materials.file_too_large',
      'request.media_type',
      'materials.file_type',
      'validation',
      'materials.file_encrypted',
      'materials.file_unsafe',
      'materials.file_unreadable',
      'idempotency.key_reused',
      'rate_limited',
      'auth.too_many_attempts',
      'internal',
      'unavailable',
      'appointments.slot_taken',
      'appointments.too_many',
      'appointments.illegal_transition',
      'appointments.video_closed',
      'conversations.closed',
      'conversations.illegal_transition',
      'messages.client_id_reused',
      'messages.too_late',
      'companion.busy',
      'companion.daily_limit',
      'companion.client_id_reused',
    ]
    const fields = ['required', 'too_short', 'too_long', 'control_character', 'unknown_value', 'type', 'unavailable']
    const keys = [...codes.map((code) => `errors.${code}`), ...fields.map((code) => `fieldErrors.${code}`)]
    expect(keys.filter((key) => !indonesian.has(key))).toEqual([])
  })
})
