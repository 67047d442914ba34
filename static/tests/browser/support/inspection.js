// What every page must stand: axe, a narrow phone, and the eye (screenshots).
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { viewports } from './browser.js'
import { untilEqual } from './patience.js'

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tallest = 2_400
const axeTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/**
 * Looks at `page` in light and dark, at 360 and 1280 px: no axe violation, nothing wider than the screen, a screenshot in `folder`.
 * `isStill` says when the page has nothing left to draw, where more is to wait for than skeletons, fonts and transitions; `mayLoad` allows
 * skeletons; `within` limits axe to what lies over a page that is looked at elsewhere.
 */
export async function inspect(page, name, { folder, isStill = async () => true, mayLoad = false, within }) {
  const findings = []
  for (const width of Object.keys(viewports)) {
    await page.setViewportSize(viewports[width])
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await untilEqual('the theme', colorScheme, () => page.locator('html').getAttribute('data-theme'))
      if (!mayLoad) await untilEqual('the skeletons', 0, () => page.getByTestId('skeleton').count())
      await untilEqual(`${name} to be still`, true, isStill)
      await page.evaluate(comeToRest)
      await photograph(page, join(folder, `${name}.${width}.${colorScheme}.png`))
      const label = `${width} px, ${colorScheme}`
      findings.push(...(await page.evaluate(findTooWide)).map((what) => `${label}: wider than the screen: ${what}`))
      findings.push(...(await violationsOf(page, within)).map((what) => `${label}: ${what}`))
    }
  }
  assert.deepEqual(findings, [])
}

/** The whole page as on a screen that is tall enough, so that bars at its edges are where they belong. */
async function photograph(page, path) {
  const size = page.viewportSize()
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  const isTall = height > size.height && (await page.locator('dialog[open]').count()) === 0
  if (isTall) await page.setViewportSize({ ...size, height: Math.min(height, tallest) })
  await page.screenshot({ path })
  if (isTall) await page.setViewportSize(size)
}

/** Waits for fonts, transitions and two frames. Runs in the page. */
async function comeToRest() {
  await document.fonts.ready
  await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)))
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
}

/** Neither the page nor a sheet or panel over it may scroll sideways. Runs in the page. */
function findTooWide() {
  const over = document.querySelectorAll('dialog[open], dialog[open] *, [data-testid="bell-panel"] *')
  const scrollable = [...over].filter((box) => ['auto', 'scroll'].includes(getComputedStyle(box).overflowX))
  return [document.documentElement, ...scrollable]
    .filter((box) => box.scrollWidth > box.clientWidth)
    .map((box) => `${box.tagName.toLowerCase()}.${box.className} (${box.scrollWidth} > ${box.clientWidth})`)
}

async function violationsOf(page, within) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource)
  const violations = await page.evaluate(async ([tags, root]) => {
    const { violations } = await window.axe.run(root ?? document, { runOnly: tags, resultTypes: ['violations'] })
    return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => `${node.target} ${node.failureSummary}`) }))
  }, [axeTags, within])
  return violations.map(({ id, help, nodes }) => `axe ${id}: ${help}\n${nodes.slice(0, 4).join('\n')}`)
}
