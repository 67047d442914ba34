// The production server with one connected app, and beside it that app's backend: the vendor's own server SDK and an auth endpoint made of it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Pusher from 'pusher'

const builtBinary = fileURLToPath(new URL('../../../target/debug/educounsel', import.meta.url))

/** The connected app. */
export const app = { id: '7', key: 'uji-key', secret: 'uji-secret', client_events: true, subscription_counts: true }

/** How long anything may take; generous, because the machine may be busy. */
export const patienceMs = 30_000

/**
 * Starts a server; `stop` fails if it logged an error, or one of `secrets`. `addUser` makes an account as an operator does. `EDUCOUNSEL_BINARY` names
 * another binary than the debug build.
 */
export async function startServer(settings = {}) {
  const binary = process.env.EDUCOUNSEL_BINARY || builtBinary
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run \`cargo build\` first`)
  const folder = await mkdtemp(join(tmpdir(), 'educounsel-clients-'))
  const all = { data_dir: folder, 'http.bind': '127.0.0.1:0', 'realtime.drain_s': 0, apps: JSON.stringify([app]), ...settings }
  const sets = Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const secrets = [app.secret]
  const child = spawn(binary, ['serve', '--log-format', 'json', ...sets], { stdio: ['ignore', 'pipe', 'pipe'] })
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const log = []
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line))
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))
  const port = await within('the server to listen', new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (found) resolve(Number(found))
    })
    void ended.then((how) => reject(new Error(`the server ended with ${how}:\n${log.join('\n')}`)))
  }))
  async function stop() {
    child.kill('SIGTERM')
    const how = await within('the server to stop', ended)
    process.off('exit', killAtExit)
    await rm(folder, { recursive: true, force: true })
    const wrong = log.filter((line) => line.includes('"level":"ERROR"') || secrets.some((secret) => line.includes(secret)))
    if (how !== 0 || wrong.length > 0) throw new Error(`the server ended with ${how} and logged\n${wrong.join('\n')}`)
  }
  async function addUser(login, role, password) {
    const adding = spawn(binary, ['user', 'add', '--login', login, '--name', login, '--role', role, ...sets], { stdio: ['pipe', 'ignore', 'inherit'] })
    const added = new Promise((resolve) => adding.once('exit', resolve))
    adding.stdin.end(`${password}\n`)
    if ((await within('the account', added)) !== 0) throw new Error(`no account ${login}`)
  }
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

/** Returns what `promise` brings, or fails. */
export async function within(what, promise, limitMs = patienceMs) {
  let timer
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), limitMs)
  })
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer))
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
