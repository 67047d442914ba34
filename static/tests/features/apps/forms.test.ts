import { describe, expect, it } from 'vitest'
import {
  changesOf,
  emptyForm,
  formOf,
  newAppOf,
  originsOf,
  problemsOf,
  rebased,
  wrongOrigin,
  type AppForm,
} from '@/features/apps/model/appForm'
import { channelsOf, eventOf, eventProblems } from '@/features/apps/model/eventForm'
import {
  cleanedWebhook,
  leftBehind,
  standingOf,
  toggled,
  webhookProblems,
  withoutWebhook,
  withWebhook,
} from '@/features/apps/model/webhookForm'
import type { Webhook, WebhookStanding } from '@/shared/api/appTypes'
import { appOf } from './samples'

const formWith = (changes: Partial<AppForm>): AppForm => ({ ...emptyForm(), name: 'Portal', ...changes })
const limitsWith = (changes: Partial<AppForm['limits']>) => formWith({ limits: { ...emptyForm().limits, ...changes } })

describe('the form of an app', () => {
  it('starts with the defaults of the contract', () => {
    expect(newAppOf(formWith({}))).toEqual({
      name: 'Portal',
      allowed_origins: [],
      client_events: true,
      subscription_counts: false,
      limits: { connections: 0, channels: 0, events_per_s: 0, payload_bytes: 10_240 },
    })
  })

  it('reads origins line by line, each once, without a slash at the end', () => {
    expect(originsOf(' https://A.example/ \n\nhttps://a.example, http://localhost:8000')).toEqual([
      'https://a.example',
      'http://localhost:8000',
    ])
    expect(wrongOrigin('https://a.example\nhttp://localhost:8000')).toBeNull()
    for (const text of ['portal.example', 'https://', 'https://a/b', 'ftp://a', 'https://u@a', '*', 'null'])
      expect(wrongOrigin(text), text).not.toBeNull()
  })

  it('says what is wrong at the field it belongs to', () => {
    expect(problemsOf(formWith({}))).toEqual({})
    expect(problemsOf(formWith({ name: '  ' }))).toEqual({ name: 'required' })
    expect(problemsOf(formWith({ name: 'a'.repeat(121) }))).toEqual({ name: 'too_long' })
    expect(problemsOf(formWith({ origins: 'portal' }))).toEqual({ allowed_origins: 'origin' })
    expect(problemsOf(formWith({ origins: Array.from({ length: 51 }, (_, n) => `https://a${n}`).join('\n') }))).toEqual({
      allowed_origins: 'tooManyOrigins',
    })
    for (const connections of ['-1', '1.5', 'many', '4294967296'])
      expect(problemsOf(limitsWith({ connections })), connections).toEqual({ 'limits.connections': 'whole' })
    for (const payload_bytes of ['0', '102401', 'x'])
      expect(problemsOf(limitsWith({ payload_bytes })), payload_bytes).toEqual({ 'limits.payload_bytes': 'payload' })
  })

  it('takes an empty limit for its default', () => {
    const form = limitsWith({ connections: '', payload_bytes: ' ' })
    expect(problemsOf(form)).toEqual({})
    expect(newAppOf(form).limits).toEqual({ connections: 0, channels: 0, events_per_s: 0, payload_bytes: 10_240 })
  })

  it('sends what changed only, limits as a whole', () => {
    const app = appOf()
    expect(changesOf(formOf(app), app)).toEqual({})
    expect(changesOf({ ...formOf(app), name: ' Portal Siswa ', clientEvents: false }, app)).toEqual({
      name: 'Portal Siswa',
      client_events: false,
    })
    const limits = { ...formOf(app).limits, channels: '5' }
    expect(changesOf({ ...formOf(app), limits }, app)).toEqual({ limits: { ...app.limits, channels: 5 } })
  })

  it('keeps what is written over a colleague’s newer version', () => {
    const before = appOf()
    const now = appOf({ name: 'Portal Guru', client_events: false, limits: { ...before.limits, channels: 7 } })
    const mine = { ...formOf(before), origins: 'https://mine.example', limits: { ...formOf(before).limits, connections: '9' } }
    const merged = rebased(mine, before, now)
    expect(merged).toEqual({ ...formOf(now), origins: 'https://mine.example', limits: { ...formOf(now).limits, connections: '9' } })
    expect(changesOf(merged, now)).toEqual({ allowed_origins: ['https://mine.example'], limits: { ...now.limits, connections: 9 } })
  })
})

const webhook = (url: string, changes: Partial<Webhook> = {}): Webhook => ({
  url,
  events: ['member_added'],
  channel_prefix: '',
  ...changes,
})
const standing = (url: string, changes: Partial<WebhookStanding> = {}): WebhookStanding => ({
  url,
  waiting: 0,
  dead: 0,
  failures: 0,
  failing_since: null,
  next_try_at: null,
  last_error: null,
  ...changes,
})

describe('webhooks', () => {
  it('need an address and an event', () => {
    expect(webhookProblems(webhook('https://a.example/hook?x=1'))).toEqual({})
    expect(webhookProblems(webhook(' ', { events: [] }))).toEqual({ url: 'required', events: 'required' })
    for (const url of ['a.example', 'https://', 'ftp://a', 'https://u@a', 'https://a/#b', 'https://a b'])
      expect(webhookProblems(webhook(url)), url).toEqual({ url: 'url' })
    expect(webhookProblems(webhook(`https://a/${'x'.repeat(500)}`))).toEqual({ url: 'too_long' })
    expect(webhookProblems(webhook('https://a', { channel_prefix: 'x'.repeat(201) }))).toEqual({ channel_prefix: 'too_long' })
  })

  it('are added, changed and removed in the list as it is now', () => {
    const [a, b] = [webhook('https://a'), webhook('https://b')]
    const c = webhook('https://c')
    expect(withWebhook([a], null, c)).toEqual([a, c])
    expect(withWebhook([b, a], a, c)).toEqual([b, c])
    expect(withWebhook([b], a, c)).toBeNull()
    expect(withoutWebhook([a, b, a], a)).toEqual([b, a])
    expect(withoutWebhook([b], a)).toEqual([b])
  })

  it('are found whatever order their events stand in', () => {
    const stored = webhook('https://a', { events: ['client_event', 'channel_occupied'] })
    expect(cleanedWebhook(stored).events).toEqual(['channel_occupied', 'client_event'])
    expect(withoutWebhook([stored], cleanedWebhook(stored))).toEqual([])
    expect(toggled(toggled(['client_event'], 'cache_miss'), 'client_event')).toEqual(['cache_miss'])
  })

  it('have a standing by address, also when no webhook names it any more', () => {
    const all = [standing('https://a'), standing('https://gone', { dead: 2 }), standing('https://quiet')]
    expect(standingOf(all, 'https://a')?.url).toBe('https://a')
    expect(standingOf(all, 'https://new')).toBeNull()
    expect(leftBehind(all, [webhook('https://a')]).map(({ url }) => url)).toEqual(['https://gone'])
  })
})

describe('the event creator', () => {
  it('sends JSON as JSON and other text as text', () => {
    expect(eventOf({ channels: 'a\n b a', name: ' x ', data: '{"n":1}' })).toEqual({ channels: ['a', 'b'], name: 'x', data: { n: 1 } })
    expect(eventOf({ channels: 'a', name: 'x', data: 'halo' }).data).toBe('halo')
    expect(eventOf({ channels: 'a', name: 'x', data: '' }).data).toBe('')
  })

  it('knows which channels there can be', () => {
    const problemOf = (channels: string) => eventProblems({ channels, name: 'x', data: '' }).channels
    expect(channelsOf('presence-a;b private-@x')).toHaveLength(2)
    for (const good of ['a', 'presence-kelas.1', 'private-a_b=@,.;', '#server-to-user-7']) expect(problemOf(good), good).toBeUndefined()
    for (const bad of ['ruang/1', 'a!', 'x'.repeat(201)]) expect(problemOf(bad), bad).toBe('channel')
    expect(problemOf('  ')).toBe('required')
    expect(problemOf('private-encrypted-a')).toBe('encrypted')
    expect(problemOf(Array.from({ length: 101 }, (_, n) => `c${n}`).join(' '))).toBe('tooManyChannels')
    expect(eventProblems({ channels: 'a', name: ' ', data: '' })).toEqual({ name: 'required' })
  })
})
