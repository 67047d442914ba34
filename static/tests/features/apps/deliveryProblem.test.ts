import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deliveryProblem } from '@/features/apps/model/deliveryProblem'

const source = readFileSync(join(import.meta.dirname, '../../../../src/backends/webhook_post.rs'), 'utf8')
const wordsOfServer = [...(/pub enum PostError \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? '').matchAll(/#\[error\("(.+?)"\)\]/g)].map(
  ([, words = '']) => words,
)

describe('why a webhook was not delivered', () => {
  it('is known in every way the server says it', () => {
    expect(wordsOfServer.length).toBeGreaterThan(3)
    for (const words of wordsOfServer) expect(deliveryProblem(words.replace('{0}', '503')).key, words).not.toBe('other')
    expect(deliveryProblem('answered with status 503')).toEqual({ key: 'status', status: '503' })
  })

  it('stays as it is when the server is newer', () => {
    expect(deliveryProblem('eaten by the dog')).toEqual({ key: 'other', words: 'eaten by the dog' })
  })
})
