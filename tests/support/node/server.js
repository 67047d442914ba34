// The production server as a process, for every test in Node: the binary with a folder of its own on a free port, as an operator starts it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** How long anything may take; generous, because the machine may be busy. */
export const patienceMs = 30_000

/** The path of a program of the debug build. `EDUCOUNSEL_BINARY` names another server. */
export function builtProgram(name) {
  const chosen = name === 'educounsel' ? process.env.EDUCOUNSEL_BINARY : undefined
  const target = process.env.CARGO_TARGET_DIR || fileURLToPath(new URL('../../../target', import.meta.url))
  const path = chosen || join(target, 'debug', name)
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`cargo build --workspace\` first`)
  return path
}

/**
 * Starts a server with `args` behind `serve`; `settings` are `key: value`. Returns its `port`; `run`, which runs another command with the same settings
 * and a text as its input; and `stop`, which fails if the server did not end by itself, or logged an error or one of `secrets`.
 */
export async function startServer({ args = [], settings = {}, secrets = [] } = {}) {
  const binary = builtProgram('educounsel')
  const folder = await mkdtemp(join(tmpdir(), 'educounsel-node-'))
  const all = { data_dir: folder, 'http.bind': '127.0.0.1:0', 'realtime.drain_s': 0, ...settings }
  const sets = Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const child = spawn(binary, ['serve', '--log-format', 'json', ...args, ...sets], { stdio: ['ignore', 'pipe', 'pipe'] })
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
      const how = await within('the server to stop', ended)
      if (how !== 0) throw new Error(`the server ended with ${how}:\n${log.slice(-20).join('\n')}`)
      const wrong = log.filter((line) => line.includes('"level":"ERROR"') || secrets.some((secret) => line.includes(secret)))
      if (wrong.length > 0) throw new Error(`the server logged\n${wrong.join('\n')}`)
    } finally {
      child.kill('SIGKILL')
      process.off('exit', killAtExit)
      await rm(folder, { recursive: true, force: true })
    }
  }

  async function run(words, input = '') {
    const running = spawn(binary, [...words, ...sets], { stdio: ['pipe', 'ignore', 'inherit'] })
    const result = new Promise((resolve) => running.once('exit', resolve))
    running.stdin.end(input)
    if ((await within(words.join(' '), result)) !== 0) throw new Error(`${words.join(' ')} failed`)
  }

  try {
    return { port: await within('the server to listen', isServing), run, stop }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
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
