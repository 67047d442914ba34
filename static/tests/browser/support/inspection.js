// What every page must stand: axe, a narrow phone, and the eye (screenshots).
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { viewports } from './browser.js'
import { untilEqual } from './patience.js'

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const axeTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** The rules of `axeTags` whose outcome depends on the theme; the others need not run again in the dark. */
const colourRules = ['color-contrast', 'link-in-text-block']
const tallest = 2_400

/**
 * Looks at `page` at 360 and 1280 px, in light and dark: no axe violation, nothing wider than the screen or out of its scroller, a screenshot in
 * `folder`.
 * `isStill` says when the page has nothing left to draw, where more is to wait for than skeletons, fonts and transitions; `mayLoad` allows
 * skeletons; `within` limits axe to what lies over a page that is looked at elsewhere.
 */
export async function inspect(page, name, { folder, isStill = async () => true, mayLoad = false, within }) {
  const findings = []
  for (const width of Object.keys(viewports)) {
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize(viewports[width])
    if (!mayLoad) await untilEqual('the skeletons', 0, () => page.getByTestId('skeleton').count())
    await page.evaluate(comeToRest)
    findings.push(...(await page.evaluate(findEscaped)).map((what) => `${width} px: ${what}`))
    if (!within) await growToContent(page)
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await untilEqual('the theme', colorScheme, () => page.evaluate(themeOf))
      await untilEqual(`${name} to be still`, true, isStill)
      await page.evaluate(comeToRest)
      await page.screenshot({ path: join(folder, `${name}.${width}.${colorScheme}.png`) })
      const violations = await lastingViolationsOf(page, colorScheme === 'light' ? axeTags : colourRules, within)
      const tooWide = await page.evaluate(findTooWide)
      findings.push(...[...tooWide, ...violations].map((what) => `${width} px, ${colorScheme}: ${what}`))
    }
  }
  assert.deepEqual(findings, [])
}

/** Makes the screen as tall as the page, so that all of it is seen and bars at the edges are where they belong. */
async function growToContent(page) {
  const size = page.viewportSize()
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  const isTall = height > size.height && (await page.locator('dialog[open]').count()) === 0
  if (isTall) await page.setViewportSize({ ...size, height: Math.min(height, tallest) })
}

/** The theme of the page; one without themes of its own follows the system. Runs in the page. */
function themeOf() {
  return document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
}

/** Waits for fonts, transitions and two frames; fails naming what does not come. Runs in the page. */
export async function comeToRest() {
  const limitMs = 20_000
  async function within(what, promise) {
    let timer
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`waited in vain for ${what()}`)), limitMs)
    })
    await Promise.race([promise, limit]).finally(() => clearTimeout(timer))
  }
  const nameOf = ({ animationName, transitionProperty, effect }) =>
    `${animationName ?? transitionProperty} of ${effect?.target?.tagName}.${effect?.target?.className}`
  // What is not drawn, as in closed details, has no frames: a transition that a look at its style begins there never ends.
  const running = () =>
    document.getAnimations().filter(({ effect, playState }) => playState !== 'finished' && effect.target.checkVisibility())
  await within(() => 'fonts', document.fonts.ready)
  await within(
    () => `the end of ${running().map(nameOf).join(', ')}`,
    Promise.all(running().map((animation) => animation.finished.catch(() => undefined))),
  )
  await within(
    () => `a frame of a page that is ${document.visibilityState}`,
    new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  )
}

/** Neither the page nor a sheet or panel over it may scroll sideways. Runs in the page. */
export function findTooWide() {
  const over = document.querySelectorAll('dialog[open], dialog[open] *, [data-testid="bell-panel"] *')
  const scrollable = [...over].filter((box) => ['auto', 'scroll'].includes(getComputedStyle(box).overflowX))
  return [document.documentElement, ...scrollable]
    .filter((box) => box.scrollWidth > box.clientWidth)
    .map((box) => `wider than the screen: ${box.tagName.toLowerCase()}.${box.className} (${box.scrollWidth} > ${box.clientWidth})`)
}

/**
 * Whatever scrolls holds all that is in it: the page is no taller than its own content, which for a page that fills the window is the window.
 * Absolute boxes escape a scroller that is not positioned. Runs in the page.
 */
export function findEscaped() {
  const nameOf = (box) => `${box.tagName.toLowerCase()}.${box.className}`
  const root = document.documentElement
  const allowed = Math.max(innerHeight, Math.ceil(document.body.getBoundingClientRect().height))
  const tooTall = root.scrollHeight > allowed ? [`the page is ${root.scrollHeight} px tall instead of ${allowed}`] : []
  const dialogs = [...document.querySelectorAll('dialog[open]')].filter((box) => box.scrollHeight > box.clientHeight)
  const isScroller = (box) =>
    [getComputedStyle(box).overflowX, getComputedStyle(box).overflowY].some((how) => how === 'auto' || how === 'scroll')
  const boxes = [...document.body.querySelectorAll('*')].filter((box) => box.childElementCount > 0)
  const unpositioned = boxes.filter((box) => isScroller(box) && getComputedStyle(box).position === 'static')
  return [
    ...tooTall,
    ...dialogs.map((box) => `scrolls around its own scroller: ${nameOf(box)}`),
    ...unpositioned.map((box) => `a scroller that is not positioned: ${nameOf(box)}`),
  ]
}

/** Lists load again by themselves now and then, and are dimmed meanwhile: what is gone at a second look, when nothing loads, was that. */
async function lastingViolationsOf(page, rules, within) {
  const violations = await violationsOf(page, rules, within)
  if (violations.length === 0) return violations
  await untilEqual('lists that load', 0, () => page.locator('.opacity-60[aria-busy="true"]').count())
  await page.evaluate(comeToRest)
  return violationsOf(page, rules, within)
}

async function violationsOf(page, rules, within) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource)
  const violations = await page.evaluate(
    async ([runOnly, root]) => {
      const { violations } = await window.axe.run(root ?? document, { runOnly, resultTypes: ['violations'] })
      return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => `${node.target} ${node.failureSummary}`) }))
    },
    [rules, within],
  )
  return violations.map(({ id, help, nodes }) => `axe ${id}: ${help}\n${nodes.slice(0, 4).join('\n')}`)
}
