// The vendor's server SDK for Python, and Pysher, the client people use in Python.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { app, backend, startServer, until } from './support/server.js'

const python = process.env.CLIENTS_PYTHON || fileURLToPath(new URL('../../target/clients-venv/bin/python', import.meta.url))
const script = (name) => fileURLToPath(new URL(`python/${name}`, import.meta.url))
let server
before(async () => {
  assert.ok(existsSync(python), `${python} is missing: run scripts/install-test-tools`)
  server = await startServer()
})
after(() => server.stop())

test('the SDK for Python publishes, reads and terminates', async () => {
  const args = [script('server_sdk.py'), String(server.port), app.id, app.key, app.secret]
  const { stdout } = await promisify(execFile)(python, args).catch((error) => assert.fail(`${error.stdout}\n${error.stderr}`))
  assert.equal(stdout.match(/^ok /gm).length, 11, stdout)
  const { auth } = JSON.parse(stdout.trim().split('\n').at(-1))
  assert.equal(auth, backend(server.port).authenticateUser('1.2', { id: 'ana' }).auth.replace(/[0-9a-f]{64}$/, auth.slice(-64)))
})

test('Pysher joins public, private and presence channels and hears of events', async () => {
  const child = spawn(python, [script('pysher_client.py'), String(server.port), app.key, app.secret])
  const lines = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(`stderr: ${line}`))
  const ended = new Promise((resolve) => child.once('close', resolve))
  const sdk = backend(server.port)
  const isOccupied = async () => Object.keys((await (await sdk.get({ path: '/channels' })).json()).channels).length === 3
  await until('all three are joined', isOccupied)
  assert.deepEqual(await (await sdk.get({ path: '/channels/presence-ruang/users' })).json(), { users: [{ id: 'py' }] })
  await sdk.trigger(['umum', 'private-kelas', 'presence-ruang'], 'e', { a: 'é' })
  assert.equal(await ended, 0, lines.join('\n'))
  assert.equal(lines.filter((line) => line.startsWith('heard')).length, 3, lines.join('\n'))
  assert.ok(!lines.some((line) => line.startsWith('error')), lines.join('\n'))
})
