import { describe, expect, it } from 'vitest'
import { addressOf, snippetNames, snippetOf } from '@/features/apps/model/snippets'

const app = { id: '10000001', key: 'k1', secret: 'rahasia' }
const plain = addressOf({ hostname: '10.0.0.5', port: '8080', protocol: 'http:' })

describe('snippets', () => {
  it('name the server as the page reaches it', () => {
    expect(plain).toEqual({ host: '10.0.0.5', port: 8080, scheme: 'http' })
    expect(addressOf({ hostname: 'desk.example', port: '', protocol: 'https:' })).toEqual({
      host: 'desk.example',
      port: 443,
      scheme: 'https',
    })
    expect(addressOf({ hostname: 'desk.example', port: '', protocol: 'http:' }).port).toBe(80)
    for (const name of snippetNames) expect(snippetOf(name, app, plain)).toMatch(/10\.0\.0\.5[\s\S]*8080/)
  })

  it('are the lines Laravel reads', () => {
    const lines = snippetOf('laravel', app, plain).split('\n')
    for (const line of [
      'PUSHER_APP_ID=10000001',
      'PUSHER_APP_KEY=k1',
      'PUSHER_APP_SECRET=rahasia',
      'PUSHER_HOST=10.0.0.5',
      'PUSHER_PORT=8080',
      'PUSHER_SCHEME=http',
    ])
      expect(lines).toContain(line)
  })

  it('ask for TLS where the page has it', () => {
    const secure = { ...plain, scheme: 'https' as const }
    expect([snippetOf('node', app, plain), snippetOf('node', app, secure)].map((text) => /useTLS: (\w+)/.exec(text)?.[1])).toEqual([
      'false',
      'true',
    ])
    expect([snippetOf('python', app, plain), snippetOf('python', app, secure)].map((text) => /ssl=(\w+)/.exec(text)?.[1])).toEqual([
      'False',
      'True',
    ])
  })

  it('never give a page the secret', () => {
    expect(snippetOf('browser', app, plain)).not.toContain('rahasia')
  })
})
