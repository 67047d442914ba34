// What every page must stand: axe, a narrow phone, and the eye (screenshots).
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { viewports } from './browser.js'
import { untilEqual } from './patience.js'

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const axeTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/**
 * Looks at `page` in light and dark, at 360 and 1280 px: no axe violation, nothing wider than the screen, a screenshot in `folder`.
 * `isStill` says when the page has nothing left to draw, where more is to wait for than skeletons, fonts and transitions.
 */
export async function inspect(page, name, { folder, isStill = async () => true, mayLoad = false }) {
  const findings = []
  for (const width of Object.keys(viewports)) {
    await page.setViewportSize(viewports[width])
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await untilEqual('the theme', colorScheme, () => page.locator('html').getAttribute('data-theme'))
      if (!mayLoad) await untilEqual('the skeletons', 0, () => page.getByTestId('skeleton').count())
      await untilEqual(`${name} to be still`, true, isStill)
      await page.evaluate(comeToRest)
      await page.screenshot({ path: join(folder, `${name}.${width}.${colorScheme}.png`), fullPage: true })
      const label = `${width} px, ${colorScheme}`
      findings.push(...(await page.evaluate(findTooWide)).map((what) => `${label}: wider than the screen: ${what}`))
      findings.push(...(await violationsOf(page)).map((what) => `${label}: ${what}`))
    }
  }
  assert.deepEqual(findings, [])
}

/** Waits for fonts, transitions and two frames. Runs in the page. */
async function comeToRest() {
  await document.fonts.ready
  await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)))
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
}

/** The page, sheets and panels must not scroll sideways. Runs in the page. */
function findTooWide() {
  const boxes = [document.documentElement, ...document.querySelectorAll('dialog[open], dialog[open] *, main, [data-testid="bell-panel"]')]
  return boxes
    .filter((box) => box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0)
    .filter((box) => !['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(box).overflowX) || box.closest('dialog') === box)
    .filter((box) => getComputedStyle(box).display !== 'inline')
    .map((box) => `${box.tagName.toLowerCase()}.${box.className} (${box.scrollWidth} > ${box.clientWidth})`)
}

async function violationsOf(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource)
  const violations = await page.evaluate(async (tags) => {
    const { violations } = await window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] })
    return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => `${node.target} ${node.failureSummary}`) }))
  }, axeTags)
  return violations.map(({ id, help, nodes }) => `axe ${id}: ${help}\n${nodes.slice(0, 4).join('\n')}`)
}
