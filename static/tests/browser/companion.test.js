// The companion on real pages against a provider that streams: reload, a second device, a broken line, stop, versions, faults, hand-over.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { startProvider } from '../../../tests/support/node/testkit.js'
import { viewports } from './support/browser.js'
import {
  answerStatus,
  answerText,
  ask,
  longAnswer,
  newestAnswer,
  openCompanion,
  readable,
  threadIdOf,
  untilLonger,
  untilStatus,
} from './support/companion.js'
import { openDesk } from './support/desk.js'
import { findEscaped } from './support/inspection.js'
import { until, untilEqual } from './support/patience.js'
import { xssCorpus } from './support/xssCorpus.js'

const answers = [
  // Slow enough for a page to be loaded again twice on a busy machine.
  ['pelan', { text: longAnswer, tokensPerSecond: 20 }],
  ['panjang', longAnswer],
  ['tanpa akhir', { text: `${longAnswer}\n\n${longAnswer}\n\n${longAnswer}`, tokensPerSecond: 25 }],
  ['putus', { text: longAnswer, cutAfter: 60 }],
  ['rusak', { text: '', status: 400 }],
  ['jahat', { text: xssCorpus.join('\n\n'), tokensPerSecond: 600 }],
]
const provider = await startProvider({ tokensPerSecond: 60, answers, otherwise: 'Kamu menulis: {question}.' })
after(() => provider.close())
const { scenario, sessionOf } = await openDesk({
  settings: [`openai.base_url=${provider.baseUrl}`, 'openai.model=fake', 'openai.moderation=false'],
})

/** One student, with as many devices as wanted. */
async function sitDown(open, login, options = {}) {
  const storageState = await sessionOf(login)
  return (more = {}) => open({ storageState, ...options, ...more })
}

scenario('a reload in mid-stream and a second device end with the same full text', async ({ open }) => {
  const device = await sitDown(open, 'siswa2')
  const laptop = await openCompanion(await device())
  await ask(laptop, 'Tolong jawab pelan')
  await untilLonger(laptop, 60)
  const id = await threadIdOf(laptop)

  const phone = await openCompanion(await device({ viewport: viewports[360] }), id)
  await untilLonger(phone, 60)
  assert.equal(await answerStatus(phone), 'streaming')
  const before = await answerText(laptop)
  await laptop.reload()
  await untilLonger(laptop, before.length)
  assert.equal(await answerStatus(laptop), 'streaming')

  for (const page of [laptop, phone]) {
    await untilStatus(page, 'done')
    assert.equal(await answerText(page), readable(longAnswer))
  }
  const [first, second] = await Promise.all([laptop, phone].map((page) => newestAnswer(page).getByTestId('answer-text').innerHTML()))
  assert.equal(first, second)
  // And so it is read again from the database.
  await phone.reload()
  await untilStatus(phone, 'done')
  assert.equal(await newestAnswer(phone).getByTestId('answer-text').innerHTML(), first)
})

scenario('what is asked on one device appears on the other at once, and only grows', async ({ open }) => {
  const device = await sitDown(open, 'siswa3')
  const laptop = await openCompanion(await device())
  await ask(laptop, 'Halo')
  await untilStatus(laptop, 'done')
  const phone = await openCompanion(await device({ viewport: viewports[360] }), await threadIdOf(laptop))
  await untilStatus(phone, 'done')
  await phone.evaluate(watchGrowth)
  await ask(laptop, 'Tolong jawab panjang')
  await phone.getByTestId('question').filter({ hasText: 'Tolong jawab panjang' }).waitFor()
  for (const page of [laptop, phone]) await until('the long answer', async () => (await answerText(page)) === readable(longAnswer))
  const { steps, shrunk } = await phone.evaluate(() => window.growth)
  assert.ok(steps > 5, `${steps} steps`)
  assert.deepEqual(shrunk, [])
})

/** Follows the words of the newest answer: whatever was read must not go away. Runs in the page. */
function watchGrowth() {
  window.growth = { steps: 0, shrunk: [] }
  let before = { id: '', text: '' }
  new MutationObserver(() => {
    const answer = [...document.querySelectorAll('[data-testid="answer"]')].at(-1)
    const now = {
      id: answer?.dataset.id ?? '',
      text: answer?.querySelector('[data-testid="answer-text"]')?.innerText.replace(/\s+/g, ' ').trim() ?? '',
    }
    if (now.id === before.id && now.text !== before.text) {
      window.growth.steps += 1
      if (!now.text.startsWith(before.text)) window.growth.shrunk.push([before.text, now.text])
    }
    before = now
  }).observe(document.querySelector('[data-testid="companion-scroller"]'), { subtree: true, childList: true, characterData: true })
}

scenario('stop ends the answer on both devices within 300 ms and hangs up on the provider', async ({ open }) => {
  const device = await sitDown(open, 'siswa4')
  const laptop = await openCompanion(await device())
  await ask(laptop, 'Halo')
  await untilStatus(laptop, 'done')
  const phone = await openCompanion(await device({ viewport: viewports[360] }), await threadIdOf(laptop))
  // The limit is for what the product does. A machine that builds and tests beside this holds a browser up now and then: the middle one of three stops
  // is over the limit only when most of them are.
  const stops = []
  for (const which of ['pertama', 'kedua', 'ketiga']) {
    await ask(laptop, `Cerita tanpa akhir, ${which}`)
    stops.push(await stopAndMeasure(laptop, phone))
  }
  for (const [index, name] of ['laptop', 'phone'].entries()) {
    const delays = stops.map((stop) => stop[index]).sort((one, other) => one - other)
    assert.ok(delays[1] <= 300, `the ${name} showed the end after ${delays.join(', ')} ms`)
  }

  const asked = provider.requests.filter(({ question }) => question.includes('tanpa akhir'))
  assert.equal(asked.length, 3)
  await until('the provider to see the end', () => asked.every((request) => request.wasClosed))
  const text = await answerText(laptop)
  assert.equal(await answerText(phone), text)
  assert.ok(readable(longAnswer).startsWith(text.slice(0, 60)))
  await phone.reload()
  await untilStatus(phone, 'stopped')
  assert.equal(await answerText(phone), text)
})

/** Stops the growing answer on the laptop; how long it took until each of both showed its end, in ms. */
async function stopAndMeasure(laptop, phone) {
  const pages = [laptop, phone]
  for (const page of pages) {
    // Not the answer before, which has ended.
    await untilStatus(page, 'streaming')
    await untilLonger(page, 80)
  }
  await Promise.all(pages.map((page) => page.evaluate(watchStop)))
  await laptop.getByTestId('companion-stop').click()
  for (const page of pages) await untilStatus(page, 'stopped')
  const { clickedAt } = await laptop.evaluate(() => window.stopping)
  const delays = await Promise.all(pages.map(async (page) => (await page.evaluate(() => window.stopping)).endedAt - clickedAt))
  process.stdout.write(`# stop: ${delays.map((ms) => Math.round(ms)).join(' and ')} ms after the click\n`)
  return delays
}

/** Records when the stop was pressed and when the answer ended, by the clock both pages share. Runs in the page. */
function watchStop() {
  const now = () => performance.timeOrigin + performance.now()
  const answer = [...document.querySelectorAll('[data-testid="answer"]')].at(-1)
  window.stopping = { clickedAt: 0, endedAt: 0 }
  document.addEventListener(
    'click',
    (event) => {
      if (event.target instanceof Element && event.target.closest('[data-testid="companion-stop"]')) window.stopping.clickedAt = now()
    },
    { capture: true },
  )
  new MutationObserver(() => {
    if (answer.dataset.status !== 'streaming') window.stopping.endedAt ||= now()
  }).observe(answer, { attributes: true, attributeFilter: ['data-status'] })
}

scenario('a line that breaks in mid-stream costs no word', async ({ open, openLine }) => {
  const line = await openLine()
  const person = await open({ port: line.port, storageState: await sessionOf('siswa7') })
  person.expectFailure(/./)
  person.expectSocketFailure()
  const page = await openCompanion(person)
  await ask(page, 'Tolong jawab panjang')
  await untilLonger(page, 60)
  line.cut()
  const request = provider.requests.findLast(({ question }) => question.includes('panjang'))
  await until('the answer to go on without us', () => request.sent > 150)
  line.mend()
  await untilStatus(page, 'done')
  assert.equal(await answerText(page), readable(longAnswer))
})

scenario('an answer is given again, versions are flipped through, and the text is copied', async ({ open }) => {
  const device = await sitDown(open, 'siswa8')
  const person = await device()
  await person.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await openCompanion(person)
  await provider.say('versi', 'Ini **versi** {number}.')
  await ask(page, 'Beri aku versi')
  await untilEqual('the first version', 'Ini versi 1.', () => answerText(page))
  await page.getByTestId('answer-regenerate').click()
  await untilEqual('the second version', 'Ini versi 2.', () => answerText(page))
  await untilEqual('the label', '2/2', () => page.getByTestId('version-label').locator('[aria-hidden]').textContent())
  await page.getByTestId('version-previous').click()
  await untilEqual('the first version again', 'Ini versi 1.', () => answerText(page))
  await page.reload()
  await untilEqual('the newest version after a reload', 'Ini versi 2.', () => answerText(page))
  await page.getByTestId('version-previous').click()
  await untilEqual('the first version, loaded again', 'Ini versi 1.', () => answerText(page))
  await page.getByTestId('answer-copy').click()
  await untilEqual('the sign on the button', 'true', () => page.getByTestId('answer-copy').getAttribute('data-done'))
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'Ini **versi** 1.')
})

scenario('what fails says so in plain words and can be tried again', async ({ open }) => {
  const device = await sitDown(open, 'siswa9')
  const page = await openCompanion(await device())
  await ask(page, 'Ini akan rusak')
  await untilStatus(page, 'failed')
  const words = await page.getByTestId('answer-trouble').innerText()
  assert.match(words, /Teman AI/)
  assert.doesNotMatch(words, /server|error|http|provider|token|\d{3}/i)
  await provider.say('rusak', 'Sekarang sudah pulih.')
  await page.getByTestId('answer-retry').click()
  await untilEqual('the answer', 'Sekarang sudah pulih.', () => answerText(page))

  await ask(page, 'Ini akan putus')
  await untilStatus(page, 'failed')
  assert.ok((await answerText(page)).length > 20, 'what was written stays')
  await provider.say('putus', 'Kali ini utuh.')
  await page.getByTestId('answer-retry').click()
  await untilEqual('the answer', 'Kali ini utuh.', () => answerText(page))
  await untilEqual('the answers with versions', 2, () => page.getByTestId('version-label').count())
})

scenario('the end stays in sight until the reader scrolls up, and then nothing moves', async ({ open }) => {
  const device = await sitDown(open, 'siswa10', { viewport: viewports[360] })
  const page = await openCompanion(await device())
  await ask(page, 'Cerita tanpa akhir')
  const scroller = page.getByTestId('companion-scroller')
  const below = () => scroller.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight)
  await until('more than a screen', () => scroller.evaluate((box) => box.scrollHeight > box.clientHeight * 1.5))
  await untilEqual('the end in sight', true, async () => (await below()) < 60)

  await scroller.hover()
  // In small steps, like a finger: the next piece must not pull back.
  for (let step = 0; step < 12; step += 1) await page.mouse.wheel(0, -20)
  await page.getByTestId('companion-to-latest').waitFor()
  const top = await scroller.evaluate(topAtRest)
  const height = await scroller.evaluate((box) => box.scrollHeight)
  await page.evaluate(watchShifts)
  await until('the answer to grow on', () => scroller.evaluate((box, former) => box.scrollHeight > former + 120, height))
  assert.equal(await scroller.evaluate((box) => box.scrollTop), top)
  assert.deepEqual(await page.evaluate(() => window.shifts), [], 'nothing that is read moves')

  await page.getByTestId('companion-to-latest').click()
  await untilEqual('the end in sight again', true, async () => (await below()) < 60)
  // The keyboard of a phone takes half of the screen: the end and the box stay in sight.
  await page.setViewportSize({ width: 360, height: 380 })
  // The browser agrees to the new size before the page has it: each is waited for, and a page that scrolls away would never show both.
  await untilEqual('the new size', 380, () => page.evaluate(() => innerHeight))
  await untilEqual('the end above the keyboard', true, async () => (await below()) < 60)
  await untilEqual('the box above the keyboard', true, async () => {
    const box = await page.getByTestId('companion-text').boundingBox()
    return box.y >= 0 && box.y + box.height <= 380
  })
  assert.deepEqual(await page.evaluate(findEscaped), [])
  assert.ok(await newestAnswer(page).isVisible())
  await page.getByTestId('companion-stop').click()
  await untilStatus(page, 'stopped')
})

/** Returns where a box stands once the wheel has come to rest: 30 frames without a move. Runs in the page. */
function topAtRest(box) {
  return new Promise((resolve) => {
    let [last, still] = [box.scrollTop, 0]
    const look = () => {
      still = box.scrollTop === last ? still + 1 : 0
      last = box.scrollTop
      if (still >= 30) resolve(last)
      else requestAnimationFrame(look)
    }
    look()
  })
}

/** Collects what the browser itself calls a layout shift. Runs in the page. */
function watchShifts() {
  window.shifts = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.value > 0.001) window.shifts.push(entry.value)
  }).observe({ type: 'layout-shift' })
}

scenario('a screen reader hears whole sentences', async ({ open }) => {
  const device = await sitDown(open, 'siswa11')
  const page = await openCompanion(await device())
  await ask(page, 'Halo')
  await untilStatus(page, 'done')
  await page.evaluate(() => {
    window.told = []
    const region = document.querySelector('[data-testid="companion-spoken"]')
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) if (node.textContent.trim()) window.told.push(node.textContent)
    }).observe(region, { childList: true })
  })
  await ask(page, 'Tolong jawab panjang')
  await untilEqual('the long answer', readable(longAnswer), () => answerText(page))
  const sentences = readable(longAnswer)
    .match(/[^.]+\./g)
    .map((sentence) => sentence.trim())
  await untilEqual('what is told', sentences.join('|'), async () => (await page.evaluate(() => window.told)).join('|'))
  const lives = await page.evaluate(
    () =>
      [...document.querySelectorAll('[data-testid="answer"]')].filter((answer) =>
        answer.closest('[aria-live]:not([aria-live="off"]), [role="log"], [role="status"]'),
      ).length,
  )
  assert.equal(lives, 0, 'no bubble is itself a live region')
})

scenario('a hostile answer, streamed: nothing runs, nothing is loaded from elsewhere', async ({ open }) => {
  const device = await sitDown(open, 'siswa15')
  const person = await device()
  const strangers = []
  person.context.on('request', (request) => {
    if (new URL(request.url()).hostname !== '127.0.0.1') strangers.push(request.url())
  })
  const page = await openCompanion(person)
  await ask(page, 'Jawab yang jahat')
  await untilStatus(page, 'done')
  await untilLonger(page, 1_000)
  assert.equal(await page.evaluate(() => window.pwned ?? 0), 0)
  const addresses = await newestAnswer(page)
    .locator('a')
    .evaluateAll((links) => links.map(({ protocol }) => protocol))
  assert.ok(
    addresses.every((protocol) => protocol === 'https:'),
    addresses.join(),
  )
  assert.deepEqual(strangers, [])
})

scenario('threads are listed, renamed and deleted, on every device', async ({ open }) => {
  const device = await sitDown(open, 'siswa12')
  const page = await openCompanion(await device())
  await page.getByTestId('starter').first().click()
  await untilStatus(page, 'done')
  const id = await threadIdOf(page)
  const phone = await openCompanion(await device({ viewport: viewports[360] }), id)
  await phone.getByTestId('companion-back').click()
  await phone.getByTestId('companion-thread').first().waitFor()
  await page.getByTestId('companion-menu').getByRole('button').click()
  await page.getByTestId('menu-rename').click()
  await page.getByTestId('rename-title').fill('Soal ujian')
  await page.getByTestId('rename-submit').click()
  await untilEqual('the title', 'Soal ujian', () => page.getByTestId('companion-title').textContent())
  await page.getByTestId('companion-thread').filter({ hasText: 'Soal ujian' }).waitFor()

  await page.getByTestId('companion-menu').getByRole('button').click()
  await page.getByTestId('menu-delete').click()
  await page.getByTestId('confirm').click()
  await page.getByTestId('companion-welcome').waitFor()
  assert.equal(await page.locator(`[data-testid="companion-thread"][data-id="${id}"]`).count(), 0)
  const other = await device()
  other.expectFailure(/companion\/threads/)
  const late = await other.newTab()
  await late.goto(`/student/ai-companion/${id}`)
  await late.getByTestId('companion-gone').waitFor()
})

scenario('a thread goes on with a counsellor: by chat, with the words the student has edited', async ({ open }) => {
  const device = await sitDown(open, 'siswa13')
  const page = await openCompanion(await device())
  await ask(page, 'Aku bingung memilih jurusan')
  await untilStatus(page, 'done')
  await page.getByTestId('hand-over').click()
  await until('a proposal', async () => (await page.getByTestId('hand-over-summary').inputValue()).length > 10)
  await page.getByTestId('hand-over-summary').fill('Aku bingung memilih jurusan dan ingin bicara.')
  await page.getByTestId('hand-over-chat').click()
  await page.waitForURL(/\/student\/chat\//)
  await page.getByTestId('message-body').filter({ hasText: 'Aku bingung memilih jurusan dan ingin bicara.' }).waitFor()
  await page.getByTestId('waiting-notice').waitFor()
})

scenario('a thread goes on with a counsellor: the booking page knows what it is about', async ({ open }) => {
  const device = await sitDown(open, 'siswa14', { viewport: viewports[360] })
  const page = await openCompanion(await device())
  await ask(page, 'Aku susah tidur')
  await untilStatus(page, 'done')
  await page.getByTestId('hand-over').click()
  await page.getByTestId('hand-over-summary').fill('Aku susah tidur sejak seminggu.')
  await page.getByTestId('hand-over-booking').click()
  await page.waitForURL(/\/appointments\/create$/)
  await page.getByTestId('booking-form').waitFor()
  assert.equal(await page.getByTestId('booking-note').inputValue(), 'Aku susah tidur sejak seminggu.')
  assert.ok((await page.getByTestId('booking-topic').inputValue()).length > 3)
})
