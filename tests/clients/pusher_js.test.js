// pusher-js 8 in Node: channels of every kind, members, client events, sign-in, watchlist, and what it does when the server sends it away.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import PusherClient from 'pusher-js'
import { join, pusherClient } from './support/pusherJs.js'
import { app, backend, once, onceWithMetadata, startAuthEndpoint, startServer, until } from './support/server.js'

let server
let sdk
let auth
const clients = []
before(async () => {
  server = await startServer()
  sdk = backend(server.port)
  auth = await startAuthEndpoint(sdk)
})
after(async () => {
  for (const client of clients) client.disconnect()
  await auth.stop()
  await server.stop()
})

function connect({ user, watchlist, port = server.port } = {}) {
  const client = pusherClient({ port, authPort: auth.port, user, watchlist })
  clients.push(client)
  return client
}

test('public and private channels bring events, a forbidden one does not', async () => {
  const client = connect()
  for (const name of ['umum', 'private-kelas']) {
    const { channel } = await join(client, name)
    const heard = once(channel, 'e')
    await sdk.trigger(name, 'e', { dari: name })
    assert.deepEqual(await heard, { dari: name })
  }
  const error = await once(client.subscribe('private-forbidden'), 'pusher:subscription_error')
  assert.equal(error.status, 403)
  assert.equal(client.connection.state, 'connected')
})

test('a wrong signature is an error of the channel only', async () => {
  const client = connect()
  client.config.channelAuthorizer = (_, done) => done(null, { auth: `${app.key}:${'0'.repeat(64)}` })
  const error = await once(client.subscribe('private-a'), 'pusher:subscription_error')
  assert.deepEqual([error.type, error.status], ['AuthError', 401])
  assert.equal(client.connection.state, 'connected')
})

test('members come with the first and go with the last connection', async () => {
  const [ana, tab, budi] = [connect(), connect(), connect({ user: 'budi' })]
  const { channel, members } = await join(ana, 'presence-ruang')
  assert.equal(members.me.id, 'ana')
  assert.deepEqual(members.me.info, { name: 'Nama ana' })
  const added = once(channel, 'pusher:member_added')
  const { channel: ofBudi, members: ofBudis } = await join(budi, 'presence-ruang')
  assert.equal((await added).id, 'budi')
  assert.equal(ofBudis.count, 2)
  const changes = []
  ofBudi.bind_global((name) => changes.push(name))
  await join(tab, 'presence-ruang')
  tab.disconnect()
  const removed = once(ofBudi, 'pusher:member_removed')
  ana.disconnect()
  assert.equal((await removed).id, 'ana')
  assert.deepEqual(changes.filter((name) => name.includes('member_added')), [])
  assert.equal(ofBudi.members.count, 1)
})

test('client events reach the others with the user of the sender', async () => {
  const [ana, budi] = [connect(), connect({ user: 'budi' })]
  const [{ channel: mine }, { channel: his }] = [await join(ana, 'presence-obrolan'), await join(budi, 'presence-obrolan')]
  const heard = onceWithMetadata(his, 'client-ketik')
  assert.ok(mine.trigger('client-ketik', { a: [1, 'é'] }))
  assert.deepEqual(await heard, [{ a: [1, 'é'] }, { user_id: 'ana' }])
})

test('encrypted channels are read by subscribers only', async () => {
  const client = connect()
  const { channel } = await join(client, 'private-encrypted-rahasia')
  const heard = once(channel, 'e')
  await sdk.trigger('private-encrypted-rahasia', 'e', { isi: 'rahasia' })
  assert.deepEqual(await heard, { isi: 'rahasia' })
})

test('cache channels miss first and bring the last event later', async () => {
  const { channel } = await join(connect(), 'cache-cuaca').catch(() => ({}))
  assert.ok(channel)
  const early = connect().subscribe('cache-lain')
  await once(early, 'pusher:cache_miss')
  const heard = once(early, 'hujan')
  await sdk.trigger('cache-lain', 'hujan', { mm: 3 })
  await heard
  const late = connect().subscribe('cache-lain')
  assert.deepEqual(await once(late, 'hujan'), { mm: 3 })
})

test('subscribers hear how many they are', async () => {
  const client = connect()
  const channel = client.subscribe('hitung')
  assert.deepEqual(await once(channel, 'pusher:subscription_count'), { subscription_count: 1 })
  const second = once(channel, 'pusher:subscription_count')
  await join(connect(), 'hitung')
  assert.deepEqual(await second, { subscription_count: 2 })
  assert.equal(channel.subscriptionCount, 2)
})

test('a signed-in user is reached, watched, a member by that, and sent away', async () => {
  const ana = connect({ user: 'ana', watchlist: 'budi,cici' })
  const watched = []
  for (const name of ['online', 'offline']) ana.user.watchlist.bind(name, (event) => watched.push([name, ...event.user_ids]))
  ana.signin()
  await ana.user.signinDonePromise
  await until('the first word', () => watched.length > 0)
  assert.deepEqual(watched, [['offline', 'budi', 'cici']])
  await until('the channel of the user', () => ana.user.serverToUserChannel?.subscribed)
  const heard = once(ana.user, 'halo')
  await sdk.sendToUser('ana', 'halo', { dari: 'server' })
  assert.deepEqual(await heard, { dari: 'server' })
  const budi = connect({ user: 'budi' })
  budi.signin()
  await until('budi is seen', () => watched.length > 1)
  assert.deepEqual(watched[1], ['online', 'budi'])
  const gone = once(budi.connection, 'disconnected')
  await sdk.terminateUserConnections('budi')
  await gone
  await until('budi is missed', () => watched.length > 2)
  assert.deepEqual(watched[2], ['offline', 'budi'])
})

test('a server that stops is come back to, with every channel', async () => {
  const first = await startServer()
  const client = connect({ port: first.port })
  const { channel } = await join(client, 'private-tetap')
  const lost = until('the connection is lost', () => client.connection.state !== 'connected')
  await first.stop()
  await lost
  const again = await startServer({ 'http.bind': `127.0.0.1:${first.port}` })
  await until('the channel is joined again', () => client.connection.state === 'connected' && channel.subscribed)
  const heard = once(channel, 'e')
  await backend(again.port).trigger('private-tetap', 'e', 1)
  assert.equal(await heard, 1)
  client.disconnect()
  await again.stop()
})

test('a full server is tried again, and its channels are joined then', async () => {
  const full = await startServer({ 'realtime.max_sockets': 1 })
  const inside = connect({ port: full.port })
  await join(inside, 'umum')
  const outside = connect({ port: full.port })
  const channel = outside.subscribe('umum')
  const error = await once(outside.connection, 'error')
  assert.equal(error.data?.code ?? error.error?.data?.code, 4100)
  inside.disconnect()
  await until('there is room', () => outside.connection.state === 'connected' && channel.subscribed)
  outside.disconnect()
  await full.stop()
})

test('an unknown key ends in peace: one answer, no second try', async () => {
  const client = new PusherClient('no-such-key', { wsHost: '127.0.0.1', wsPort: server.port, forceTLS: false, enabledTransports: ['ws'], cluster: '' })
  clients.push(client)
  const error = await once(client.connection, 'error')
  assert.equal(error.data?.code ?? error.error?.data?.code, 4001)
  await until('it gives up', () => client.connection.state === 'disconnected')
})
