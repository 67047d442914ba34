// Debian's Chromium, and people who sit in front of it.
import { chromium } from 'playwright-core'
import { beginCounting, takeCounts } from './coverage.js'
import { findChromium, launchMs } from './findChromium.js'
import { patienceMs, untilEqual } from './patience.js'
import { demoPassword } from './server.js'

const switches = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The widths every page is looked at in: a cheap phone and a laptop. */
export const viewports = { 360: { width: 360, height: 740 }, 1280: { width: 1280, height: 800 } }

/** Starts Chromium; `close` ends it. */
export async function startBrowser() {
  return chromium.launch({ executablePath: findChromium(), args: switches, timeout: launchMs })
}

/**
 * A person with a browser of their own (cookies, storage). `problems` collects what must not happen on any page: errors in the console,
 * uncaught exceptions, violations of the content security policy. Chromium also reports failed requests there: `expectFailure` excuses
 * those to matching addresses, `expectSocketFailure` sockets that do not open.
 */
export async function openPerson(
  browser,
  port,
  { locale = 'id', sound = 'off', viewport = viewports[1280], reducedMotion = 'reduce', storageState } = {},
) {
  const context = await browser.newContext({
    baseURL: `http://127.0.0.1:${port}`,
    locale: locale === 'id' ? 'id-ID' : 'en-GB',
    viewport,
    reducedMotion,
    storageState,
    acceptDownloads: true,
  })
  context.setDefaultTimeout(patienceMs)
  await context.addInitScript(prepareTab, { theme: 'system', locale, sound })
  const problems = []
  const excused = [{ text: /^Failed to load resource/, address: /\/api\/v1\/auth\/me$/ }]
  context.on('page', (page) => watchPage(page, problems, excused))
  return {
    context,
    problems,
    expectFailure: (address) => excused.push({ text: /^Failed to load resource/, address }),
    expectSocketFailure: () => excused.push({ text: /^WebSocket connection to .* failed/, address: /./ }),
    async newTab() {
      const page = await context.newPage()
      await beginCounting(page)
      return page
    },
    async close() {
      await takeCounts(context.pages())
      await context.close()
    },
  }
}

/** Runs in every page before its own scripts: preferences of the first visit, ears for speech, sound and toasts. */
function prepareTab(preferences) {
  if (location.protocol === 'about:') return
  const key = 'educounsel.preferences'
  if (!localStorage.getItem(key)) localStorage.setItem(key, JSON.stringify(preferences))
  const heard = (window.heard = { spoken: [], tones: 0, toasts: [] })
  if ('speechSynthesis' in window) {
    const speak = speechSynthesis.speak.bind(speechSynthesis)
    speechSynthesis.speak = (utterance) => {
      heard.spoken.push(utterance.text)
      speak(utterance)
    }
  }
  const play = OscillatorNode.prototype.start
  OscillatorNode.prototype.start = function start(...when) {
    heard.tones += 1
    return play.apply(this, when)
  }
  new MutationObserver((changes) => {
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
      const toast =
        node instanceof Element ? (node.matches('[data-testid="toast"]') ? node : node.querySelector('[data-testid="toast"]')) : null
      if (toast) heard.toasts.push(toast.textContent)
    }
  }).observe(document, { childList: true, subtree: true })
}

function watchPage(page, problems, excused) {
  page.on('pageerror', (error) => problems.push(`uncaught on ${page.url()}: ${error.stack ?? error.message}`))
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    const address = message.location().url
    if (excused.some((one) => one.text.test(message.text()) && one.address.test(address))) return
    problems.push(`${message.type()} on ${page.url()}: ${message.text()} (${address})`)
  })
}

/** Fills the login form in and sends it, whatever comes of it. */
export async function sendLogin(page, login, password) {
  await page.goto('/login')
  await page.getByTestId('login').fill(login)
  await page.getByTestId('password').fill(password)
  await page.getByTestId('submit').click()
}

/** Logs in through the form and waits for the role's first page. */
export async function logIn(page, login) {
  await sendLogin(page, login, demoPassword)
  await page.waitForURL(/\/(student|guru|admin)\//)
  await page.getByTestId('bell').waitFor()
}

/** The number in the bell; 0 when there is no badge. */
export async function badgeOf(page) {
  const [badge] = await page.getByTestId('badge').allTextContents()
  return Number(badge ?? 0)
}

/** The number of unread messages in the navigation; 0 when there is none. */
export async function unreadMessagesOf(page) {
  const [badge] = await page.getByTestId('chat-badge').allTextContents()
  return Number(badge ?? 0)
}

/** Waits until the bell of every page shows `count`, and the title of the browser's tab that and the unread messages. */
export async function expectBadge(count, ...pages) {
  for (const page of pages) {
    await untilEqual('the badge', count, () => badgeOf(page))
    await untilEqual('the title of the tab to be right', true, async () => {
      const total = count + (await unreadMessagesOf(page))
      return (await page.title()).split(' · ')[0] === (total > 0 ? `(${total}) EduCounsel` : 'EduCounsel')
    })
  }
}
