// pusher-js in real Chromium over xhr_streaming and xhr_polling, on a page of another origin: preflight, CORS and progress of answers are the browser's.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openTab, pagesWith, startBrowser } from './support/browser.js'
import { app, backend, startAuthEndpoint, startServer, until } from './support/server.js'

let server
let sdk
let auth
let browser
before(async () => {
  server = await startServer({ 'realtime.http_grace_s': 5 })
  sdk = backend(server.port)
  auth = await startAuthEndpoint(sdk, pagesWith({ pusher: 'pusher-js/dist/web/pusher-with-encryption.js' }))
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await auth?.stop()
  await server?.stop()
})

async function open(transport, user) {
  const { tab, problems, close } = await openTab(browser, auth.port)
  await tab.evaluate(
    ({ app, port, authPort, transport, user }) => {
      window.heard = []
      const endpoint = `http://127.0.0.1:${authPort}/pusher/auth`
      const at = { wsHost: '127.0.0.1', wsPort: port, httpHost: '127.0.0.1', httpPort: port, forceTLS: false, enabledTransports: [transport] }
      window.pusher = new Pusher(app.key, { ...at, cluster: '', channelAuthorization: { endpoint, transport: 'ajax', params: { user } } })
      for (const name of ['umum', 'presence-ruang']) window.pusher.subscribe(name).bind_global((name, data) => window.heard.push([name, data]))
    },
    { app, port: server.port, authPort: auth.port, transport, user },
  )
  const has = (name, count = 1) => until(`${count} ${name}`, () => tab.evaluate(([name, count]) => window.heard.filter(([one]) => one === name).length >= count || null, [name, count]))
  await has('pusher:subscription_succeeded', 2)
  return { tab, has, problems, close }
}

for (const transport of ['xhr_streaming', 'xhr_polling']) {
  test(`${transport}: two browsers hear the backend and each other`, async () => {
    const ana = await open(transport, 'ana')
    const budi = await open(transport, 'budi')
    assert.equal(await ana.tab.evaluate(() => window.pusher.connection.connection.transport.name), transport)
    await ana.has('pusher:member_added')
    await sdk.trigger('umum', 'e', { 'é': '“hai”' })
    await Promise.all([ana.has('e'), budi.has('e')])
    await budi.tab.evaluate(() => window.pusher.channel('presence-ruang').trigger('client-kata', { kata: 'halo' }))
    await ana.has('client-kata')
    const filler = 'é'.repeat(4000)
    for (let n = 0; n < 100; n++) await sdk.trigger('umum', 'n', { n, filler })
    await ana.has('n', 100)
    const numbers = await ana.tab.evaluate(() => window.heard.filter(([name]) => name === 'n').map(([, { n }]) => n))
    assert.deepEqual(numbers, Array.from({ length: 100 }, (_, n) => n))
    await budi.close()
    await ana.has('pusher:member_removed')
    assert.deepEqual(ana.problems, [])
    await ana.close()
  })
}
