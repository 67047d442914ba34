// Which lines of the web UI the browsers run. `make coverage` names the folder for it in UI_COVERAGE_DIR; without it nothing is counted.
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mergeScriptCovs } from '@bcoe/v8-coverage'

const folder = process.env.UI_COVERAGE_DIR

/** What V8 counted so far in this process: path of a script of the UI to its counts. */
const counted = new Map()

/** Begins to count in `page`; call it before the page is at an address. */
export async function beginCounting(page) {
  if (folder) await page.coverage.startJSCoverage({ resetOnNavigation: false })
}

/** Takes the counts of `pages`; they count no more afterwards. */
export async function takeCounts(pages) {
  if (!folder) return
  const scripts = (await Promise.all(pages.map((page) => page.coverage.stopJSCoverage()))).flat()
  for (const { url, functions } of scripts) {
    const path = new URL(url).pathname
    if (!path.startsWith('/assets/')) continue
    const before = counted.get(path)
    const now = { scriptId: '0', url: path, functions }
    counted.set(path, before ? mergeScriptCovs([before, now]) : now)
  }
}

if (folder) {
  mkdirSync(folder, { recursive: true })
  process.once('exit', () => writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify([...counted.values()])))
}
