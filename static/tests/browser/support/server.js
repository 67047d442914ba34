// The production server, started as a user starts it: the binary with demo data, an empty folder and a free port.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { patienceMs, within } from './patience.js'

const builtBinary = fileURLToPath(new URL('../../../../target/debug/educounsel', import.meta.url))

/** Password of all demo accounts. */
export const demoPassword = 'rahasia-demo'

/**
 * Starts a server with demo data. `EDUCOUNSEL_BINARY` names another binary than the debug build. `settings` are `key=value`.
 * Returns its port and `stop`, which fails if the server logged an error or did not stop by itself.
 */
export async function startServer({ settings: own = [] } = {}) {
  const binary = process.env.EDUCOUNSEL_BINARY || builtBinary
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run \`cargo build\` first`)
  const folder = await mkdtemp(join(tmpdir(), 'educounsel-browser-'))
  const settings = ['--bind', '127.0.0.1:0', '--data-dir', folder, '--log-format', 'json', '--set', 'realtime.drain_s=0', ...own.flatMap((setting) => ['--set', setting])]
  const child = spawn(binary, ['serve', '--demo', ...settings], { stdio: ['ignore', 'pipe', 'pipe'] })
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)

  const log = []
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line))
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))

  const isServing = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const port = /^listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (port) resolve(Number(port))
    })
    void ended.then((how) => reject(new Error(`the server ended with ${how}:\n${log.join('\n')}`)))
  })

  async function stop() {
    child.kill('SIGTERM')
    try {
      const how = await within(patienceMs, 'the server to stop', ended)
      if (how !== 0) throw new Error(`the server ended with ${how}:\n${log.slice(-20).join('\n')}`)
      const errors = log.filter((line) => line.includes('"level":"ERROR"'))
      if (errors.length > 0) throw new Error(`the server logged errors:\n${errors.join('\n')}`)
    } finally {
      child.kill('SIGKILL')
      process.off('exit', killAtExit)
      await rm(folder, { recursive: true, force: true })
    }
  }

  try {
    return { port: await within(patienceMs, 'the server to listen', isServing), stop }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}
