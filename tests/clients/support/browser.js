// Debian's Chromium, and pages of another origin in it, as a school's other systems have them.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { findChromium, launchMs } from '../../../static/tests/browser/support/findChromium.js'

const switches = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

/** Starts Chromium; `close` ends it. */
export async function startBrowser() {
  return chromium.launch({ executablePath: findChromium(), args: switches, timeout: launchMs })
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
