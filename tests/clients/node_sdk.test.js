// The vendor's server SDK for Node: its own remote suite as it ships it, and every call it has.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import PusherClient from 'pusher-js'
import { app, backend, once, startServer } from './support/server.js'

let server
let sdk
before(async () => {
  server = await startServer()
  sdk = backend(server.port)
})
after(() => server.stop())

function connect() {
  return new PusherClient(app.key, { wsHost: '127.0.0.1', wsPort: server.port, forceTLS: false, enabledTransports: ['ws'], cluster: '', enableStats: false })
}

test('the remote suite of the package passes as it is', async () => {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const mocha = `${folder}node_modules/mocha/bin/mocha.js`
  const PUSHER_URL = `http://${app.key}:${app.secret}@127.0.0.1:${server.port}/apps/${app.id}`
  const run = promisify(execFile)(process.execPath, [mocha, 'node_modules/pusher/tests/remote/**/*.js'], { cwd: folder, env: { ...process.env, PUSHER_URL } })
  const { stdout } = await run.catch((error) => assert.fail(`${error.stdout}\n${error.stderr}`))
  assert.match(stdout, /\b7 passing/)
  assert.doesNotMatch(stdout, /failing|pending/)
})

test('trigger, batch, info and the reading calls', async () => {
  const client = connect()
  const channel = client.subscribe('berita')
  await once(channel, 'pusher:subscription_succeeded')
  const heard = once(channel, 'terbit')
  const answer = await sdk.trigger(['berita', 'lain'], 'terbit', { judul: 'é "x"' }, { info: 'subscription_count' })
  assert.deepEqual(await answer.json(), { channels: { berita: { subscription_count: 1 }, lain: { subscription_count: 0 } } })
  assert.deepEqual(await heard, { judul: 'é "x"' })
  const batch = await sdk.triggerBatch([{ channel: 'berita', name: 'a', data: 'x', info: 'subscription_count' }, { channel: 'lain', name: 'b', data: {} }])
  assert.deepEqual(await batch.json(), { batch: [{ subscription_count: 1 }, {}] })
  const channels = await sdk.get({ path: '/channels', params: { info: 'subscription_count', filter_by_prefix: 'ber' } })
  assert.deepEqual(await channels.json(), { channels: { berita: { subscription_count: 1 } } })
  const one = await sdk.get({ path: '/channels/berita', params: { info: 'subscription_count' } })
  assert.deepEqual(await one.json(), { occupied: true, subscription_count: 1 })
  assert.deepEqual(await (await sdk.get({ path: '/channels/presence-x/users' })).json(), { users: [] })
  client.disconnect()
})

test('the socket that caused an event does not hear it', async () => {
  const [cause, other] = [connect(), connect()]
  const channels = [cause, other].map((client) => client.subscribe('ruang'))
  await Promise.all(channels.map((channel) => once(channel, 'pusher:subscription_succeeded')))
  const heardByCause = []
  channels[0].bind_global((name) => heardByCause.push(name))
  const heard = once(channels[1], 'e')
  await sdk.trigger('ruang', 'e', 1, { socket_id: cause.connection.socket_id })
  await heard
  const last = once(channels[0], 'akhir')
  await sdk.trigger('ruang', 'akhir', 1)
  await last
  assert.ok(!heardByCause.includes('e'), heardByCause.join())
  for (const client of [cause, other]) client.disconnect()
})

test('what is wrong is told with status and text', async () => {
  const wrong = async (promise) => promise.then(() => assert.fail('was taken'), (error) => [error.status, error.body])
  const [status, body] = await wrong(sdk.trigger('a', 'e', 'x'.repeat(10_241)))
  assert.equal(status, 413)
  assert.match(body, /content of this event/)
  const [batchStatus, batchBody] = await wrong(sdk.triggerBatch(Array.from({ length: 11 }, () => ({ channel: 'a', name: 'e', data: '' }))))
  assert.equal(batchStatus, 400)
  assert.match(batchBody, /Batch too large/)
  const stranger = backend(server.port)
  stranger.config.token.secret = 'salah'
  assert.equal((await wrong(stranger.trigger('a', 'e', ''))) [0], 401)
})
