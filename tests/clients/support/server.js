// The production server with one connected app, and beside it that app's backend: the vendor's own server SDK and an auth endpoint made of it.
import { createServer } from 'node:http'
import Pusher from 'pusher'
import { patienceMs, startServer as start, within } from '../../support/node/server.js'

export { within }

/** The connected app. */
export const app = { id: '7', key: 'uji-key', secret: 'uji-secret', client_events: true, subscription_counts: true }

/** Starts a server; `stop` fails if it logged an error, or one of `secrets`. `addUser` makes an account as an operator does. */
export async function startServer(settings = {}) {
  const secrets = [app.secret]
  const { port, run, stop } = await start({ settings: { apps: JSON.stringify([app]), ...settings }, secrets })
  const addUser = (login, role, password) => run(['user', 'add', '--login', login, '--name', login, '--role', role], `${password}\n`)
  return { port, secrets, addUser, stop }
}

/** Makes an admin and signs it in. Returns how it asks the API: method, path and body in, the JSON of an answer that must have `status` out. */
export async function signInAdmin(server) {
  const [login, password] = ['kepala', 'sandi-untuk-uji-klien']
  await server.addUser(login, 'admin', password)
  const ask = async (method, path, body, headers, status) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1${path}`, {
      method, headers: { 'content-type': 'application/json', ...headers }, body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
  const { token } = await ask('POST', '/auth/login', { login, password, token: true }, {}, 200)
  return (method, path, body, status = 200) => ask(method, path, body, { authorization: `Bearer ${token}` }, status)
}

/** A backend that receives webhooks: `hooks` are its requests as the vendors' verifiers want them. `answers` says with which status the next ones are answered. */
export async function startReceiver() {
  const hooks = []
  const answers = []
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      hooks.push({ headers: request.headers, rawBody: Buffer.concat(chunks).toString() })
      response.writeHead(answers.shift() ?? 200).end()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    hooks,
    answers,
    stop: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The app's backend: the vendor's server SDK. */
export function backend(port) {
  return new Pusher({
    appId: app.id,
    key: app.key,
    secret: app.secret,
    host: '127.0.0.1',
    port: String(port),
    useTLS: false,
    encryptionMasterKeyBase64: Buffer.alloc(32, 7).toString('base64'),
  })
}

/**
 * The app's auth endpoint, as the vendors' documentation writes it: `/pusher/auth` and `/broadcasting/auth` sign channels, `/pusher/user-auth` users.
 * The form field `user` says who asks. Serves `pages` too, with CORS for everybody.
 */
export async function startAuthEndpoint(sdk, pages = {}) {
  const requests = []
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }
      const page = pages[request.url]
      if (request.method === 'OPTIONS') return response.writeHead(204, cors).end()
      if (page) return response.writeHead(200, { 'content-type': page.type }).end(page.body)
      if (request.method !== 'POST') return response.writeHead(404).end()
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      requests.push(`${request.url} ${form.get('channel_name') ?? ''}`)
      const [socket, channel, user] = ['socket_id', 'channel_name', 'user'].map((name) => form.get(name))
      if (channel === 'private-forbidden') return response.writeHead(403, cors).end()
      const watchlist = form.get('watchlist')?.split(',')
      const data = { user_id: user, user_info: { name: `Nama ${user}` } }
      const answer = request.url.endsWith('user-auth')
        ? sdk.authenticateUser(socket, { id: user, user_info: { name: `Nama ${user}` }, ...(watchlist ? { watchlist } : {}) })
        : sdk.authorizeChannel(socket, channel, channel.startsWith('presence-') ? data : undefined)
      response.writeHead(200, { ...cors, 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    requests,
    stop: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Waits until `read` returns something that is not false, null or undefined. */
export async function until(what, read) {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const last = await read()
    if (last !== false && last !== null && last !== undefined) return last
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Returns the data of the next event `name` of a channel, user, connection or watchlist. */
export async function once(emitter, name) {
  const [data] = await onceWithMetadata(emitter, name)
  return data
}

/** Returns data and metadata of the next event `name`. */
export function onceWithMetadata(emitter, name) {
  return within(name, new Promise((resolve) => {
    const heard = (...data) => {
      emitter.unbind(name, heard)
      resolve(data)
    }
    emitter.bind(name, heard)
  }))
}
