// The counsellor's upload when it does not go smoothly, and without a mouse.
import assert from 'node:assert/strict'
import { logIn } from './support/browser.js'
import { openDesk } from './support/desk.js'
import { until, untilEqual } from './support/patience.js'
import { makePdf } from './support/pdf.js'
import { fillUpload, pdfFile } from './support/upload.js'
import { words } from './support/words.js'

const { scenario } = await openDesk()

for (const [locale, login] of [
  ['id', 'guru1'],
  ['en', 'guru2'],
]) {
  scenario(`a text file named .pdf is refused in plain words, and the right file is taken after it (${locale})`, async ({ open }) => {
    const counsellor = await open({ locale })
    // The refusal is a 422, which Chromium reports.
    counsellor.expectFailure(/\/api\/v1\/materials$/)
    const page = await counsellor.newTab()
    await logIn(page, login)
    await page.goto('/guru/materi')
    const title = `Bukan PDF (${locale})`
    await fillUpload(page, { title, file: pdfFile(Buffer.from('Ini hanya catatan biasa.\n'.repeat(5_000)), 'catatan.pdf') })
    await page.getByTestId('upload-submit').click()

    const picker = page.getByTestId('upload-file')
    await untilEqual('the phase', 'failed', () => page.getByTestId('upload-status').getAttribute('data-phase'))
    await page.getByTestId('upload-form').getByText(words[locale].notPdf, { exact: true }).waitFor()
    await untilEqual('the focus to be on the file', true, () => picker.evaluate((input) => input === document.activeElement))
    assert.equal(await picker.getAttribute('aria-invalid'), 'true')
    assert.equal(await page.getByTestId('upload-title').inputValue(), title)
    assert.equal(await page.getByTestId('material-card').filter({ hasText: title }).count(), 0)

    await picker.setInputFiles(pdfFile(makePdf('Sekarang benar', 1)))
    await untilEqual('the refusal to be gone', 0, () => page.getByText(words[locale].notPdf, { exact: true }).count())
    await page.getByTestId('upload-submit').click()
    await page.getByTestId('upload-done').waitFor()
    await page.getByTestId('upload-close').click()
    await page.getByTestId('material-card').filter({ hasText: title }).waitFor()
  })
}

scenario('a slow upload shows its progress and can be cancelled; nothing is stored', async ({ open }) => {
  const counsellor = await open()
  // Whether something is stored is asked, and answered with a 422, which Chromium reports.
  counsellor.expectFailure(/\/api\/v1\/materials$/)
  const page = await counsellor.newTab()
  await logIn(page, 'guru1')
  await page.goto('/guru/materi')
  await fillUpload(page, { title: 'Dibatalkan', file: pdfFile(makePdf('Dibatalkan', 12)) })
  const network = await page.context().newCDPSession(page)
  await network.send('Network.enable')
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100 * 1024 }
  await network.send('Network.emulateNetworkConditions', slow)
  await page.getByTestId('upload-submit').click()

  const progress = page.getByTestId('upload-progress')
  await until('the bar to move', async () => Number(await progress.getAttribute('aria-valuenow')) > 0)
  assert.ok(Number(await progress.getAttribute('aria-valuenow')) < 100)
  await page.getByTestId('upload-cancel').click()
  await untilEqual('the phase', 'cancelled', () => page.getByTestId('upload-status').getAttribute('data-phase'))
  await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 })

  await page.reload()
  await page.getByTestId('material-card').first().waitFor()
  assert.equal(await page.getByTestId('material-card').filter({ hasText: 'Dibatalkan' }).count(), 0)
})

/** Opens the materials through a line that can hold something back, and fills the form in. */
async function fillOverLine(open, openLine, title, locale = 'id') {
  const line = await openLine()
  const counsellor = await open({ port: line.port, locale })
  const page = await counsellor.newTab()
  await logIn(page, 'guru1')
  await page.goto('/guru/materi')
  await fillUpload(page, { title, file: pdfFile(makePdf(title, 2)) })
  return { line, counsellor, page }
}

const phaseOf = (page) => page.getByTestId('upload-status').getAttribute('data-phase')
const cardsOf = (page, title) => page.getByTestId('material-card').filter({ hasText: title })

for (const [locale, way] of [
  ['id', 'deleted'],
  ['en', 'kept'],
]) {
  scenario(`an upload that was stored before it was cancelled is called so, and ${way}`, async ({ open, openLine }) => {
    const title = `Terlambat ${way}`
    const { line, page } = await fillOverLine(open, openLine, title, locale)
    const answer = line.holdAnswer('/api/v1/materials')
    await page.getByTestId('upload-submit').click()
    assert.match(await answer.held, /201/)
    // Stored, and this page has not heard of it.
    await page.getByTestId('upload-cancel').focus()
    await page.keyboard.press('Enter')
    await untilEqual('the phase', 'late', () => phaseOf(page))
    await untilEqual('what is said', words[locale].late, () => page.getByTestId('upload-status').textContent())
    await untilEqual('the focus to be on it', true, () => hasFocus(page, '[data-testid="upload-late"]'))
    const leave = way === 'deleted' ? 'upload-undo' : 'upload-keep'
    await tabTo(page, `[data-testid="${leave}"]`)
    await page.keyboard.press('Enter')
    if (way === 'deleted') {
      await untilEqual('the phase', 'deleted', () => phaseOf(page))
      await untilEqual('the focus to be on the form', true, () => hasFocus(page, '[data-testid="upload-submit"]'))
    }
    await page.reload()
    await page.getByTestId('material-card').first().waitFor()
    assert.equal(await cardsOf(page, title).count(), way === 'deleted' ? 0 : 1)
  })
}

scenario('an upload whose end arrives after it was called cancelled is refused', async ({ open, openLine }) => {
  const title = 'Menyusul'
  const { line, counsellor, page } = await fillOverLine(open, openLine, title)
  // The question is answered with a 422, which Chromium reports.
  counsellor.expectFailure(/\/api\/v1\/materials$/)
  const end = line.holdEnd('/api/v1/materials')
  await page.getByTestId('upload-submit').click()
  await end.held
  await page.getByTestId('upload-cancel').click()
  await untilEqual('the phase', 'cancelled', () => phaseOf(page))
  assert.match(await end.release(), /^HTTP\/1\.1 422 /)
  await page.reload()
  await page.getByTestId('material-card').first().waitFor()
  assert.equal(await cardsOf(page, title).count(), 0)
})

scenario('an upload works with the keyboard alone, and leaves the focus where it began', async ({ open }) => {
  const counsellor = await open()
  const page = await counsellor.newTab()
  await logIn(page, 'guru3')
  const { keyboard } = page
  // Listening from the start: the browser begins to hand the chooser over some time after the listener is there, and a key is not held back until then.
  const file = pdfFile(makePdf('Tanpa tetikus', 1))
  page.on('filechooser', (chooser) => void chooser.setFiles(file))

  await tabTo(page, 'a[href="/guru/materi"]')
  await keyboard.press('Enter')
  await page.getByTestId('material-card').first().waitFor()
  await tabTo(page, '[data-testid="upload-open"]')
  await keyboard.press('Enter')
  await page.getByTestId('upload-form').waitFor()
  await tabTo(page, '[data-testid="upload-title"]')
  await keyboard.type('Tanpa tetikus')
  await tabTo(page, '[data-testid="upload-category"]')
  await keyboard.type('Belajar')
  await tabTo(page, '[data-testid="upload-file"]')
  await keyboard.press('Space')
  await page.getByText(file.name).waitFor()
  await tabTo(page, '[data-testid="upload-submit"]')
  await keyboard.press('Enter')
  await page.getByTestId('upload-done').waitFor()
  await untilEqual('the status', words.id.uploaded, () => page.getByTestId('upload-status').textContent())
  await tabTo(page, '[data-testid="upload-close"]')
  await keyboard.press('Enter')
  await page.getByTestId('upload-status').waitFor({ state: 'detached' })
  await untilEqual('the focus to be back on the button', true, () => hasFocus(page, '[data-testid="upload-open"]'))
  await page.getByTestId('material-card').filter({ hasText: 'Tanpa tetikus' }).waitFor()
})

/** Presses Tab until the focus is on what `selector` finds; fails after going round once. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 80; presses += 1) {
    if (await hasFocus(page, selector)) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`${selector} is not reached by the Tab key`)
}

function hasFocus(page, selector) {
  return page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector)
}
