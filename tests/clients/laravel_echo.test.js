// laravel-echo 2 over pusher-js 8: what a Laravel system's pages do.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import LaravelEcho from 'laravel-echo'
import PusherClient from 'pusher-js'
import { app, backend, startAuthEndpoint, startServer, until, within } from './support/server.js'

const Echo = LaravelEcho.default ?? LaravelEcho
let server
let sdk
let auth
const echoes = []
before(async () => {
  server = await startServer()
  sdk = backend(server.port)
  auth = await startAuthEndpoint(sdk)
})
after(async () => {
  for (const echo of echoes) echo.disconnect()
  await auth.stop()
  await server.stop()
})

for (const broadcaster of ['pusher', 'reverb']) {
  const open = (user) => {
    const echo = new Echo({
      broadcaster,
      key: app.key,
      wsHost: '127.0.0.1',
      wsPort: server.port,
      forceTLS: false,
      enabledTransports: ['ws'],
      cluster: '',
      Pusher: PusherClient,
      authEndpoint: `http://127.0.0.1:${auth.port}/broadcasting/auth`,
      userAuthentication: { endpoint: `http://127.0.0.1:${auth.port}/pusher/user-auth`, transport: 'ajax', params: { user } },
      auth: { params: { user } },
    })
    echoes.push(echo)
    return echo
  }
  const subscribed = (channel) => within('subscribed', new Promise((resolve) => channel.subscribed(resolve)))
  const next = (channel, event) => within(event, new Promise((resolve) => channel.listen(event, resolve)))

  test(`${broadcaster}: public and private channels`, async () => {
    const echo = open('ana')
    for (const [open, name] of [[() => echo.channel('pesanan'), 'pesanan'], [() => echo.private('pesanan.1'), 'private-pesanan.1']]) {
      const channel = open()
      await subscribed(channel)
      const heard = next(channel, '.dikirim')
      await sdk.trigger(name, 'dikirim', { nomor: 1 })
      assert.deepEqual(await heard, { nomor: 1 })
      const namespaced = next(channel, 'PesananDikirim')
      await sdk.trigger(name, 'App\\Events\\PesananDikirim', { nomor: 2 })
      assert.deepEqual(await namespaced, { nomor: 2 })
    }
    const refused = within('error', new Promise((resolve) => echo.private('forbidden').error(resolve)))
    assert.equal((await refused).status, 403)
  })

  test(`${broadcaster}: here, joining, leaving and whispers`, async () => {
    const [ana, budi] = [open('ana'), open('budi')]
    const room = `ruang-${broadcaster}`
    const seen = { here: [], joined: [], left: [] }
    const mine = ana.join(room).here((users) => seen.here.push(...users)).joining((user) => seen.joined.push(user)).leaving((user) => seen.left.push(user))
    await until('here', () => seen.here.length === 1)
    const his = budi.join(room)
    await subscribed(his)
    await until('joining', () => seen.joined.length === 1)
    assert.deepEqual([seen.here, seen.joined], [[{ name: 'Nama ana' }], [{ name: 'Nama budi' }]])
    const whisper = within('whisper', new Promise((resolve) => mine.listenForWhisper('ketik', resolve)))
    his.whisper('ketik', { ya: true })
    assert.deepEqual(await whisper, { ya: true })
    budi.leave(room)
    await until('leaving', () => seen.left.length === 1)
  })

  test(`${broadcaster}: broadcast()->toOthers() spares the sender by its socket id`, async () => {
    const [ana, budi] = [open('ana'), open('budi')]
    const heard = []
    const channels = [ana, budi].map((echo, number) => echo.channel('lain').listen('.e', () => heard.push(number)))
    await Promise.all(channels.map(subscribed))
    assert.match(ana.socketId(), /^\d+\.\d+$/)
    await sdk.trigger('lain', 'e', {}, { socket_id: ana.socketId() })
    await until('budi heard', () => heard.length > 0)
    assert.deepEqual(heard, [1])
  })
}
