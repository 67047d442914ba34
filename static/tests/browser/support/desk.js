// One running desk per test file: server and browser, and their end.
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openLine } from './line.js'
import { openPerson, startBrowser } from './browser.js'
import { demoPassword, startServer } from './server.js'

/** Where screenshots go; git ignores it. */
export const resultsFolder = fileURLToPath(new URL('../../../../test-results/', import.meta.url))

/**
 * How long a test may take in all, the ends of its people included; generous, because the machine may be busy. What waits for a condition has a limit of
 * its own (`patienceMs`); this one is for what has none, such as a page that no longer answers.
 */
const testLimitMs = 240_000

/** Starts server (with more `settings`, if given) and browser, and stops both after the file's last test, whatever happened. */
export async function openDesk({ settings } = {}) {
  const server = await startServer({ settings })
  const endings = [() => server.stop()]
  after(() => endAll(endings))
  // What fails before the file's first test ends the process without its `after`.
  const browser = await startBrowser().catch(async (error) => {
    await server.stop()
    throw error
  })
  endings.push(() => browser.close())

  /**
   * A test in which people sit in front of browsers: `play({ open, openLine })`. Afterwards none of their pages may have had a problem.
   * When it fails, what their screens showed is in test-results.
   */
  function scenario(name, play) {
    test(name, { timeout: testLimitMs }, async () => {
      const people = []
      const openings = []
      async function open({ port = server.port, ...options } = {}) {
        const person = await openPerson(browser, port, options)
        people.push(person)
        openings.push(() => person.close())
        return person
      }
      /** A line to the server that can be cut; give its port to `open`. */
      async function openCuttableLine() {
        const line = await openLine(server.port)
        openings.push(() => line.close())
        return line
      }
      try {
        await play({ open, openLine: openCuttableLine })
        assert.deepEqual(
          people.flatMap(({ problems }) => problems),
          [],
        )
      } catch (error) {
        const problems = people.flatMap((person) => person.problems)
        if (problems.length > 0) error.message += `\nproblems of the pages:\n${problems.join('\n')}`
        await photographAll(name, people)
        throw error
      } finally {
        await endAll(openings)
      }
    })
  }
  /** Logs somebody in by API; the answer is a `storageState` for `open`. */
  async function sessionOf(login) {
    const context = await browser.newContext({ baseURL: `http://127.0.0.1:${server.port}` })
    const response = await context.request.post('/api/v1/auth/login', { data: { login, password: demoPassword } })
    assert.equal(response.status(), 200, await response.text())
    const state = await context.storageState()
    await context.close()
    return state
  }
  return { scenario, sessionOf, browser, port: server.port }
}

/** Runs all endings, the last opened first; fails with the first failure after all had their turn. */
async function endAll(endings) {
  const failures = []
  for (const end of endings.toReversed()) await Promise.resolve(end()).catch((error) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

async function photographAll(name, people) {
  await mkdir(resultsFolder, { recursive: true })
  const pages = people.flatMap(({ context }) => context.pages())
  for (const [index, page] of pages.entries()) {
    const path = join(resultsFolder, `failed ${name.replace(/[^\w ()-]/g, '')} ${index + 1}.png`)
    await page.screenshot({ path, timeout: 5_000 }).catch(() => undefined)
  }
}
