// Answers of a model are not trusted: the corpus in a real Chromium, through each layer alone, through both while the text grows, and on the real page.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { serveCompanion, threadPath, turnOf } from './support/companionSamples.js'
import { openDesk } from './support/desk.js'
import { untilEqual } from './support/patience.js'
import { xssCorpus } from './support/xssCorpus.js'

const { scenario, sessionOf, browser, port } = await openDesk()
const source = fileURLToPath(new URL('../../src/', import.meta.url))
const bundle = await bundleOf('features/companion/model/markdown.ts')

/** One module of the page with what it needs, as a script that puts its exports into `window.module`. */
async function bundleOf(entry) {
  const [{ output }] = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { '@': source } },
    build: { write: false, minify: false, lib: { entry: source + entry, formats: ['iife'], name: 'module', fileName: 'module' } },
  })
  return output[0].code
}

/** A page without any policy of its own: what is not caught by the module runs. `seen` has what happened. */
async function openBarePage() {
  const context = await browser.newContext({ baseURL: `http://127.0.0.1:${port}` })
  const page = await context.newPage()
  const seen = { requests: [], dialogs: [], navigations: [] }
  await page.route('**/bare', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>bare</title><main id="box"></main>' }),
  )
  await page.goto('/bare')
  await page.evaluate(bundle.replace(/^(var|const) module/, 'window.module'))
  page.on('request', (request) => seen.requests.push(request.url()))
  page.on('dialog', (dialog) => {
    seen.dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  page.on('framenavigated', (frame) => seen.navigations.push(frame.url()))
  return { page, seen, close: () => context.close() }
}

/** Draws every text by `draw(text, box)` and names what is wrong with what came out. Runs in the page. */
async function drawAll([texts, draw]) {
  const allowed = 'P BR STRONG EM S CODE PRE UL OL LI BLOCKQUOTE HR A TABLE THEAD TBODY TR TH TD'.split(' ')
  const attributes = { A: ['href', 'rel', 'target'], OL: ['start'] }
  const box = document.querySelector('#box')
  const findings = []
  for (const text of texts) {
    window.pwned = 0
    box.replaceChildren()
    new Function('text', 'box', draw)(text, box)
    // Whatever reacts to a pointer or the focus gets its chance.
    for (const element of box.querySelectorAll('*')) {
      for (const type of ['mouseover', 'mouseenter', 'focus', 'toggle', 'load', 'error']) element.dispatchEvent(new Event(type))
      if (!allowed.includes(element.nodeName)) findings.push(`${text} made <${element.nodeName}>`)
      for (const { name, value } of element.attributes) {
        if (!(attributes[element.nodeName] ?? []).includes(name)) findings.push(`${text} made ${element.nodeName}.${name}`)
        if (name === 'href' && !(value.startsWith('https://') && new URL(value).username === '')) findings.push(`${text} links to ${value}`)
        if (name === 'rel' && !value.includes('noopener')) findings.push(`${text} has rel ${value}`)
      }
    }
    for (const link of box.querySelectorAll('a'))
      if (link.protocol !== 'https:' && link.hasAttribute('href')) findings.push(`${text} goes to ${link.href}`)
    await new Promise((resolve) => requestAnimationFrame(resolve))
    if (window.pwned) findings.push(`${text} ran`)
  }
  // Nothing says that it will run no more. So probes are drawn last, which run by the ways a text could: a failed image and a toggle, then two frames,
  // then a task. The page serves each of these queues in order: when the probe has run, what a text put there before has run too. What waits for the
  // network instead is seen as a request.
  const probe = (name, event, begin) =>
    new Promise((resolve) => {
      const element = box.appendChild(document.createElement(name))
      element.addEventListener(event, resolve, { once: true })
      begin(element)
    })
  await Promise.all([
    probe('img', 'error', (image) => (image.src = 'data:image/png,')),
    probe('details', 'toggle', (details) => (details.open = true)),
  ])
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  await new Promise((resolve) => setTimeout(resolve))
  if (window.pwned) findings.push('something ran late')
  return findings
}

const layers = {
  'both layers': 'box.append(...module.renderBlocks(text, false).map((html) => module.purify(html)))',
  'the purifier alone, fed with raw HTML': 'box.append(module.purify(text))',
  'both layers, at every length of a growing text':
    'for (let length = 1; length <= text.length; length += 1) box.replaceChildren(...module.renderBlocks(text.slice(0, length), true).map((html) => module.purify(html)))',
}
for (const [name, draw] of Object.entries(layers)) {
  scenario(`${xssCorpus.length} vectors get nowhere: ${name}`, async () => {
    const { page, seen, close } = await openBarePage()
    try {
      assert.ok(xssCorpus.length >= 60)
      assert.deepEqual(await page.evaluate(drawAll, [xssCorpus, draw]), [])
      assert.deepEqual(seen, { requests: [], dialogs: [], navigations: [] })
    } finally {
      await close()
    }
  })
}

scenario('the test itself notices what gets through', async () => {
  const { page, seen, close } = await openBarePage()
  try {
    const findings = await page.evaluate(drawAll, [
      [`<img src=x onerror=window.pwned=1>`, `<a href="javascript:1">x</a>`],
      'box.innerHTML = text',
    ])
    assert.ok(
      findings.some((finding) => finding.includes('made <IMG>')),
      findings.join('\n'),
    )
    assert.ok(findings.some((finding) => finding.includes('links to javascript:1')))
    assert.ok(findings.some((finding) => finding.endsWith('ran') || finding === 'something ran late'))
    assert.ok(seen.requests.length > 0)
    const late = 'box.innerHTML = text; box.firstChild.onerror = () => requestAnimationFrame(() => setTimeout(() => (window.pwned = 1)))'
    assert.ok((await page.evaluate(drawAll, [['<img src="data:image/png,">'], late])).includes('something ran late'))
  } finally {
    await close()
  }
})

scenario(
  'the corpus as answers on the page: nothing runs, nothing is loaded, links lead to https in a tab of their own',
  async ({ open }) => {
    const student = await open({ storageState: await sessionOf('siswa6') })
    const page = await student.newTab()
    const messages = xssCorpus.flatMap((text, index) => turnOf(index + 1, `Pertanyaan ${index + 1}`, { text }))
    await serveCompanion(page, { messages })
    const strangers = []
    page.on('request', (request) => {
      if (!request.url().startsWith(`http://127.0.0.1:${port}/`)) strangers.push(request.url())
    })
    await page.goto(threadPath)
    await untilEqual('the answers', xssCorpus.length, () => page.getByTestId('answer-text').count())
    const links = await page
      .getByTestId('answer-text')
      .locator('a')
      .evaluateAll((found) => found.map(({ protocol, target, rel, username }) => ({ protocol, target, rel, username })))
    assert.ok(links.length > 0)
    for (const link of links)
      assert.deepEqual(link, { protocol: 'https:', target: '_blank', rel: 'noopener noreferrer nofollow', username: '' })
    assert.equal(await page.evaluate(() => window.pwned ?? 0), 0)
    assert.equal(await page.getByTestId('answer-text').locator('img, script, iframe, svg, form, input, style, video, object').count(), 0)
    assert.deepEqual(strangers, [])
  },
)
