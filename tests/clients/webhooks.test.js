// Webhooks of the running server, held to what the vendors' SDKs for Node and Python take and refuse.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import Pusher from 'pusher'
import PusherClient from 'pusher-js'
import { once, signInAdmin, startAuthEndpoint, startReceiver, startServer, until, within } from './support/server.js'

const python = process.env.CLIENTS_PYTHON || fileURLToPath(new URL('../../target/clients-venv/bin/python', import.meta.url))
const verifier = fileURLToPath(new URL('python/webhook_verifier.py', import.meta.url))
const events = ['channel_occupied', 'channel_vacated', 'member_added', 'member_removed', 'client_event', 'cache_miss', 'subscription_count']
let server
let receiver
let auth
let ask
let made
let sdk
before(async () => {
  server = await startServer({ 'webhooks.allow_private_targets': true, 'webhooks.debounce_ms': 200 })
  receiver = await startReceiver()
  ask = await signInAdmin(server)
  made = await ask('POST', '/admin/apps', { name: 'Kampus', subscription_counts: true, webhooks: [{ url: receiver.url, events }] }, 201)
  server.secrets.push(made.secret)
  sdk = backendOf(made)
  auth = await startAuthEndpoint(sdk)
})
after(async () => {
  await auth?.stop()
  await server?.stop()
  await receiver?.stop()
})

function backendOf({ id, key, secret }) {
  return new Pusher({ appId: id, key, secret, host: '127.0.0.1', port: String(server.port), useTLS: false })
}

function connect() {
  return new PusherClient(made.key, {
    wsHost: '127.0.0.1',
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ['ws'],
    cluster: '',
    enableStats: false,
    channelAuthorization: { endpoint: `http://127.0.0.1:${auth.port}/pusher/auth`, transport: 'ajax', params: { user: 'ana' } },
  })
}

/** Does what every kind of event is told of, and returns the requests that told it. */
async function causeEveryEvent() {
  receiver.hooks.length = 0
  const client = connect()
  const channel = client.subscribe('presence-ruang')
  await once(channel, 'pusher:subscription_succeeded')
  assert.ok(channel.trigger('client-ketik', { kata: 'é "x"' }))
  await once(client.subscribe('cache-cuaca'), 'pusher:cache_miss')
  await until('what was done is told', () => told().length >= 6)
  client.disconnect()
  await until('the end is told', () => told().length >= 10)
  return [...receiver.hooks]
}

const told = () => receiver.hooks.flatMap(({ rawBody }) => JSON.parse(rawBody).events)

/** Asks the SDK for Python what it makes of a request: the body it read, or null. */
async function verifyInPython(key, secret, { headers, rawBody }, nowOffset = 0) {
  const child = spawn(python, [verifier, key, secret, headers['x-pusher-key'], headers['x-pusher-signature'], String(nowOffset)], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(rawBody)
  const chunks = []
  child.stdout.on('data', (chunk) => chunks.push(chunk))
  assert.equal(await within('Python', new Promise((resolve) => child.once('close', resolve))), 0)
  return JSON.parse(Buffer.concat(chunks).toString())
}

test('the SDKs for Node and Python take every webhook and read its events and time', async () => {
  const began = Date.now()
  const hooks = await causeEveryEvent()
  const names = new Set()
  for (const hook of hooks) {
    const webhook = sdk.webhook(hook)
    assert.ok(webhook.isContentTypeValid() && webhook.isBodyValid() && webhook.isValid(), hook.rawBody)
    const time = webhook.getTime().getTime()
    assert.ok(time >= began - 1000 && time <= Date.now() + 1000, String(time))
    for (const { name } of webhook.getEvents()) names.add(name)
    assert.deepEqual(await verifyInPython(made.key, made.secret, hook), webhook.getData())
  }
  assert.deepEqual([...names].sort(), [...events].sort())
  const said = hooks.flatMap((hook) => sdk.webhook(hook).getEvents()).find(({ name }) => name === 'client_event')
  assert.deepEqual([said.channel, said.event, JSON.parse(said.data), said.user_id], ['presence-ruang', 'client-ketik', { kata: 'é "x"' }, 'ana'])
})

test('the SDKs refuse what was signed with another secret, changed on its way, or told too late', async () => {
  const [hook] = await causeEveryEvent()
  const forged = { ...hook, rawBody: hook.rawBody.replace('"time_ms":', '"time_ms": ') }
  assert.notEqual(forged.rawBody, hook.rawBody)
  const stranger = { ...made, secret: 'rahasia-orang-lain' }
  assert.equal(backendOf(stranger).webhook(hook).isValid(), false)
  assert.equal(sdk.webhook(forged).isValid(), false)
  assert.equal(sdk.webhook({ ...hook, headers: { ...hook.headers, 'x-pusher-key': 'lain' } }).isValid(), false)
  assert.equal(await verifyInPython(made.key, stranger.secret, hook), null)
  assert.equal(await verifyInPython(made.key, made.secret, forged), null)
  assert.equal(await verifyInPython('lain', made.secret, hook), null)
  assert.equal(await verifyInPython(made.key, made.secret, hook, 301), null)
})

test('after a failure and with a new secret, what is sent again is stamped and signed anew', async () => {
  const before = { ...made }
  receiver.hooks.length = 0
  // Attempts with the old secret may go on until the new one is known.
  receiver.answers.push(...Array(20).fill(503))
  const client = connect()
  client.subscribe('umum')
  await until('the first attempt', () => receiver.hooks.length >= 1)
  made = await ask('POST', `/admin/apps/${made.id}/rotate`, {})
  server.secrets.push(made.secret)
  const [first] = receiver.hooks
  const isNew = (hook) => backendOf(made).webhook(hook).isValid()
  await until('an attempt with the new secret', () => receiver.hooks.some(isNew))
  receiver.answers.length = 0
  client.disconnect()
  const second = receiver.hooks.find(isNew)
  assert.ok(backendOf(before).webhook(first).isValid() && !backendOf(before).webhook(second).isValid())
  assert.ok(backendOf(made).webhook(second).getTime() > backendOf(before).webhook(first).getTime())
  assert.deepEqual(await verifyInPython(made.key, made.secret, second), JSON.parse(second.rawBody))
})
