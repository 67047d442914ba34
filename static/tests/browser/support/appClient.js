// A system of the school as its own programs would be: a backend that signs requests with the app's secret, and its clients' sockets.
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { after } from 'node:test'
import { until, untilEqual } from './patience.js'

// The build for Node; bundlers and `import` would pick the browser's.
const Pusher = createRequire(import.meta.url)('pusher-js/node')

const opened = new Set()
// What a failed test left open would keep the process alive.
after(() => opened.forEach((pusher) => pusher.disconnect()))

const demoApp = { id: '1001', key: 'demo-key', secret: 'demo-secret' }

/** The backend of `app` (the demo app without one) at a server of this machine. */
export function connectBackend(port, app = demoApp) {
  const sign = (text) => createHmac('sha256', app.secret).update(text).digest('hex')
  const users = new Map()

  function authorize(socketId, channelName) {
    const userId = users.get(channelName)
    const channel_data = userId && JSON.stringify({ user_id: userId })
    return {
      auth: `${app.key}:${sign([socketId, channelName, channel_data].filter(Boolean).join(':'))}`,
      ...(channel_data && { channel_data }),
    }
  }

  /** Sends an event over the HTTP API; the answer's status and text. */
  async function trigger(channel, name, data) {
    const path = `/apps/${app.id}/events`
    const body = JSON.stringify({ name, channels: [channel], data: typeof data === 'string' ? data : JSON.stringify(data) })
    const query = new URLSearchParams({
      auth_key: app.key,
      auth_timestamp: String(Math.floor(Date.now() / 1000)),
      auth_version: '1.0',
      body_md5: createHash('md5').update(body).digest('hex'),
    })
    query.append('auth_signature', sign(`POST\n${path}\n${query}`))
    const response = await fetch(`http://127.0.0.1:${port}${path}?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    return { status: response.status, text: await response.text() }
  }

  /** Opens a client's connection, the vendor's own, and waits until the server has greeted it. */
  async function openSocket() {
    const heard = []
    let closeCode = null
    const pusher = new Pusher(app.key, {
      cluster: '',
      wsHost: '127.0.0.1',
      wsPort: port,
      forceTLS: false,
      enabledTransports: ['ws'],
      disableStats: true,
      channelAuthorization: { customHandler: ({ socketId, channelName }, callback) => callback(null, authorize(socketId, channelName)) },
    })
    opened.add(pusher)
    pusher.connection.bind('error', ({ error }) => (closeCode = error?.data?.code ?? closeCode))
    await untilEqual('the connection', 'connected', () => pusher.connection.state)

    /** Joins a channel; `userId` is who a presence channel sees. */
    async function subscribe(name, userId) {
      if (userId) users.set(name, userId)
      const channel = pusher.subscribe(name)
      channel.bind_global((event, data) => heard.push({ channel: name, event, data }))
      await until(`${name} to be joined`, () => channel.subscribed)
      return channel
    }
    return {
      subscribe,
      next: (event) => until(`${event} to arrive`, () => heard.find((one) => one.event === event)),
      closeCode: () => until('the connection to be ended', () => closeCode),
      close: () => pusher.disconnect(),
    }
  }

  return { trigger, openSocket }
}

/** An address for webhooks that fails until it is healed; `channels` are those it accepted events about. */
export async function openReceiver() {
  const accepted = []
  let isWell = false
  const server = createServer((request, response) => {
    const parts = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      if (isWell) accepted.push(...JSON.parse(Buffer.concat(parts).toString()).events.map(({ channel }) => channel))
      response.writeHead(isWell ? 200 : 503, { connection: 'close' }).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    heal: () => (isWell = true),
    channels: () => [...accepted],
    close: () => server.close(),
  }
}
