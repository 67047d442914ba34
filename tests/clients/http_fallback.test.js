// pusher-js 8 where WebSockets are blocked: the same channels over xhr_streaming and xhr_polling, in Node.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import PusherClient from 'pusher-js'
import { join, pusherClient } from './support/pusherJs.js'
import { backend, once, startAuthEndpoint, startServer, until, within } from './support/server.js'

let server
let sdk
let auth
const clients = []
before(async () => {
  server = await startServer({ 'realtime.http_grace_s': 5 })
  sdk = backend(server.port)
  auth = await startAuthEndpoint(sdk)
})
after(async () => {
  for (const client of clients) client.disconnect()
  await auth.stop()
  await server.stop()
})

function connect(transport, { user, port = server.port } = {}) {
  const client = pusherClient({ port, authPort: auth.port, transport, user })
  clients.push(client)
  return client
}

for (const transport of ['xhr_streaming', 'xhr_polling']) {
  test(`${transport}: public, private, presence and encrypted channels`, async () => {
    const [ana, budi] = [connect(transport), connect(transport, { user: 'budi' })]
    for (const name of ['umum', 'private-kelas', 'private-encrypted-rapor']) {
      const { channel } = await join(ana, name)
      const heard = once(channel, 'e')
      await sdk.trigger(name, 'e', { dari: name })
      assert.deepEqual(await heard, { dari: name })
    }
    assert.equal(ana.connection.connection.transport.name, transport)
    const { channel, members } = await join(ana, 'presence-ruang')
    assert.equal(members.me.id, 'ana')
    const added = once(channel, 'pusher:member_added')
    const { channel: ofBudi } = await join(budi, 'presence-ruang')
    assert.equal((await added).id, 'budi')
    const said = once(channel, 'client-kata')
    ofBudi.trigger('client-kata', { kata: 'halo' })
    assert.deepEqual(await said, { kata: 'halo' })
    const removed = once(channel, 'pusher:member_removed')
    budi.disconnect()
    assert.equal((await removed).id, 'budi')
    ana.disconnect()
  })

  test(`${transport}: sign-in, and every one of many large events in order`, async () => {
    const client = connect(transport)
    client.signin()
    const { channel } = await join(client, 'umum')
    await client.user.signinDonePromise
    await until('the channel of the user', () => client.user.serverToUserChannel?.subscribed)
    const greeted = once(client.user, 'salam')
    await sdk.sendToUser('ana', 'salam', 'hai')
    assert.equal(await greeted, 'hai')
    // Far above what an answer may grow to before pusher-js drops it.
    const heard = []
    channel.bind('n', ({ n }) => heard.push(n))
    let lost = 0
    client.connection.bind('state_change', () => lost++)
    const filler = 'é'.repeat(4000)
    for (let n = 0; n < 160; n++) await sdk.trigger('umum', 'n', { n, filler })
    await until('all of them', () => heard.length >= 160)
    assert.deepEqual(heard, Array.from({ length: 160 }, (_, n) => n))
    assert.equal(lost, 0, 'the connection stood all the time')
    client.disconnect()
  })

  test(`${transport}: a server that went and came back is found again`, async () => {
    const passing = await startServer()
    const client = connect(transport, { port: passing.port })
    await join(client, 'umum')
    const gone = once(client.connection, 'connecting')
    await passing.stop()
    await within('the client to notice', gone)
    const next = await startServer({ 'http.bind': `127.0.0.1:${passing.port}` })
    const channel = client.channel('umum')
    await until('the subscription again', () => client.connection.state === 'connected' && channel.subscribed)
    const heard = once(channel, 'e')
    await backend(next.port).trigger('umum', 'e', 'lagi')
    assert.equal(await heard, 'lagi')
    client.disconnect()
    await next.stop()
  })
}

test('a key nobody has ends the attempts', async () => {
  const client = new PusherClient('tiada', {
    httpHost: '127.0.0.1', httpPort: server.port, forceTLS: false, enabledTransports: ['xhr_streaming'], cluster: '', enableStats: false,
  })
  clients.push(client)
  const error = await once(client.connection, 'error')
  assert.equal(error.error.data.code, 4001)
  await until('no more attempts', () => ['failed', 'disconnected'].includes(client.connection.state))
})
