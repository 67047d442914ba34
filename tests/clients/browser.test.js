// pusher-js and laravel-echo in real Chromium, on a page of another origin, as a school's other systems use them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openTab, pagesWith, startBrowser } from './support/browser.js'
import { app, backend, startAuthEndpoint, startServer, until } from './support/server.js'

let server
let sdk
let auth
let browser
before(async () => {
  server = await startServer()
  sdk = backend(server.port)
  const libraries = { pusher: 'pusher-js/dist/web/pusher-with-encryption.js', echo: 'laravel-echo/dist/echo.iife.js' }
  auth = await startAuthEndpoint(sdk, pagesWith(libraries))
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await auth?.stop()
  await server?.stop()
})

/** Opens the page of a user; `heard` collects what happens there, `problems` what must not. */
async function open(user) {
  const { tab, problems, close } = await openTab(browser, auth.port)
  await tab.evaluate(
    ({ app, port, authPort, user }) => {
      window.heard = []
      const endpoint = (path) => `http://127.0.0.1:${authPort}${path}`
      window.pusher = new Pusher(app.key, {
        wsHost: '127.0.0.1',
        wsPort: port,
        forceTLS: false,
        enabledTransports: ['ws'],
        cluster: '',
        channelAuthorization: { endpoint: endpoint('/pusher/auth'), transport: 'ajax', params: { user } },
        userAuthentication: { endpoint: endpoint('/pusher/user-auth'), transport: 'ajax', params: { user, watchlist: 'ana,budi' } },
      })
      window.echo = new (Echo.default ?? Echo)({ broadcaster: 'pusher', client: window.pusher })
      window.pusher.connection.bind('state_change', ({ current }) => window.heard.push(['state', current]))
    },
    { app, port: server.port, authPort: auth.port, user },
  )
  const heard = (...wanted) => until(wanted.join(' '), () => tab.evaluate((text) => window.heard.some((one) => JSON.stringify(one) === text) || null, JSON.stringify(wanted)))
  return { tab, heard, problems, close }
}

test('two people in two browsers: public, private, presence, whispers, encrypted, cache, sign-in and watchlist', async () => {
  const [ana, budi] = [await open('ana'), await open('budi')]
  await ana.tab.evaluate(() => {
    const say = (name) => (data) => heard.push([name, data])
    echo.channel('umum').listen('.e', say('umum'))
    echo.private('kelas').listen('.e', say('private'))
    echo.encryptedPrivate('rahasia').listen('.e', say('encrypted'))
    echo.join('ruang').here((users) => heard.push(['here', users.length])).joining(({ name }) => heard.push(['joining', name])).leaving(({ name }) => heard.push(['leaving', name])).listenForWhisper('ketik', say('whisper'))
    pusher.subscribe('cache-cuaca').bind('pusher:cache_miss', () => heard.push(['miss']))
    for (const name of ['pusher:subscription_succeeded', 'pusher:subscription_error']) {
      for (const channel of pusher.allChannels()) channel.bind(name, () => heard.push([name.split('_')[1], channel.name]))
    }
    pusher.user.bind('halo', say('user'))
    for (const name of ['online', 'offline']) pusher.user.watchlist.bind(name, ({ user_ids }) => heard.push([name, ...user_ids]))
    pusher.signin()
  })
  for (const channel of ['umum', 'private-kelas', 'private-encrypted-rahasia', 'presence-ruang', 'cache-cuaca']) await ana.heard('succeeded', channel)
  await ana.heard('here', 1)
  await ana.heard('miss')
  await ana.heard('online', 'ana')
  for (const [channel, name] of [['umum', 'umum'], ['private-kelas', 'private'], ['private-encrypted-rahasia', 'encrypted']]) {
    await sdk.trigger(channel, 'e', { dari: 'Laravel', 'é': [1] })
    await ana.heard(name, { dari: 'Laravel', 'é': [1] })
  }
  await budi.tab.evaluate(() => {
    window.room = echo.join('ruang').here((users) => heard.push(['here', users.length]))
    pusher.signin()
  })
  await budi.heard('here', 2)
  await ana.heard('joining', 'Nama budi')
  await ana.heard('online', 'budi')
  await budi.tab.evaluate(() => room.whisper('ketik', { ya: true }))
  await ana.heard('whisper', { ya: true })
  await until('the channel of the user', () => ana.tab.evaluate(() => pusher.user.serverToUserChannel?.subscribed))
  await sdk.sendToUser('ana', 'halo', { a: 1 })
  await ana.heard('user', { a: 1 })
  await budi.close()
  await ana.heard('leaving', 'Nama budi')
  await ana.heard('offline', 'budi')
  assert.deepEqual(ana.problems, [])
  await ana.close()
})

test('a terminated user stays away, and a lost connection comes back with its channels', async () => {
  const cici = await open('cici')
  await cici.tab.evaluate(() => {
    pusher.subscribe('private-tetap').bind('e', (data) => heard.push(['e', data]))
    pusher.channel('private-tetap').bind('pusher:subscription_succeeded', () => heard.push(['joined']))
  })
  await cici.heard('joined')
  await cici.tab.evaluate(() => {
    heard.length = 0
    pusher.connection.connection.transport.socket.close()
  })
  await cici.heard('joined')
  await sdk.trigger('private-tetap', 'e', 2)
  await cici.heard('e', 2)
  await cici.tab.evaluate(() => pusher.signin())
  await until('the sign-in', () => cici.tab.evaluate(() => pusher.user.serverToUserChannel?.subscribed))
  await sdk.terminateUserConnections('cici')
  await cici.heard('state', 'disconnected')
  await cici.close()
})
