// Debian's Chromium, and pages of another origin in it, as a school's other systems have them.
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome']
const switches = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

/** How long Chromium may take to start: the first time it comes from the disk, some hundred MB of it, beside everything else that runs. */
const launchMs = 120_000

/** Starts Chromium; `close` ends it. */
export function startBrowser() {
  return chromium.launch({ executablePath: findChromium(), args: switches, timeout: launchMs })
}

function findChromium() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {
        // Not here.
      }
    }
  }
  throw new Error(`none of these is in PATH: ${names.join(', ')}; scripts/install-test-tools installs one`)
}

/** The pages of an auth endpoint that `openTab` opens: one that loads these libraries, name to path in `node_modules`. */
export function pagesWith(libraries) {
  const entries = Object.entries(libraries)
  const scripts = entries.map(([name]) => `<script src="/${name}.js"></script>`).join('')
  const bodyOf = (path) => readFileSync(fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url)))
  return {
    '/': { type: 'text/html', body: `<!doctype html><meta charset="utf-8"><title>Pengadaan</title>${scripts}` },
    ...Object.fromEntries(entries.map(([name, path]) => [`/${name}.js`, { type: 'text/javascript', body: bodyOf(path) }])),
  }
}

/** Opens the page in a browser of its own; `problems` collects what must not happen there. */
export async function openTab(browser, port) {
  const context = await browser.newContext()
  const tab = await context.newPage()
  const problems = []
  tab.on('pageerror', (error) => problems.push(String(error)))
  tab.on('console', (message) => message.type() === 'error' && !/favicon/.test(message.location().url) && problems.push(message.text()))
  await tab.goto(`http://127.0.0.1:${port}/`)
  return { tab, problems, close: () => context.close() }
}
