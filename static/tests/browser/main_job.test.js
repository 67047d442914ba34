// The main job: a counsellor's upload is on the student's screens at once, can be read there and downloaded.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { badgeOf, expectBadge, logIn, viewports } from './support/browser.js'
import { openDesk } from './support/desk.js'
import { until, untilEqual } from './support/patience.js'
import { makePdf, sha256 } from './support/pdf.js'
import { fillUpload, pdfFile, upload } from './support/upload.js'
import { words } from './support/words.js'

const { scenario } = await openDesk()

for (const [locale, counsellorLogin, studentLogin] of [
  ['id', 'guru1', 'siswa1'],
  ['en', 'guru2', 'siswa2'],
]) {
  scenario(`an upload reaches the student's tabs, is read and downloaded unchanged (${locale})`, async ({ open }) => {
    const said = words[locale]
    const counsellor = await open({ locale })
    const student = await open({ locale, sound: 'ask', viewport: viewports[360] })
    const desktop = await counsellor.newTab()
    const phone = await student.newTab()
    await Promise.all([logIn(desktop, counsellorLogin), logIn(phone, studentLogin)])
    const secondTab = await student.newTab()
    await secondTab.goto('/student/materi')
    const unread = await until('the server to have told the badge', async () => (await badgeOf(phone)) || null)
    await expectBadge(unread, phone, secondTab)
    for (const page of [phone, secondTab]) await page.evaluate(() => (window.isSamePage = true))

    const title = `Menyusun rencana belajar (${locale})`
    const pdf = makePdf('Rencana belajar', 3)
    assert.ok(pdf.length > 100 * 1024)
    await desktop.goto('/guru/materi')
    await fillUpload(desktop, { title, file: pdfFile(pdf, 'rencana belajar.pdf') })
    await desktop.getByTestId('upload-submit').click()

    // The counsellor hears it, by screen reader and by voice.
    await untilEqual('the status', said.uploaded, () => desktop.getByTestId('upload-status').textContent())
    assert.equal(await desktop.getByTestId('upload-status').getAttribute('role'), 'status')
    assert.deepEqual(await desktop.evaluate(() => window.heard.spoken), [said.uploaded])
    await desktop.getByTestId('upload-done').getByText(said.uploaded).waitFor()

    // The student sees it in both tabs, without a reload.
    for (const page of [phone, secondTab]) {
      const toast = page.getByTestId('toast').filter({ hasText: title })
      await toast.hover() // keeps it on the screen
      assert.match(await toast.textContent(), new RegExp(said.noticeTitle))
      assert.equal(await toast.evaluate((node) => node.closest('[role="status"]') !== null), true)
    }
    await expectBadge(unread + 1, phone, secondTab)
    await secondTab.getByTestId('material-card').filter({ hasText: title }).waitFor()
    for (const page of [phone, secondTab]) assert.equal(await page.evaluate(() => window.isSamePage), true)

    // A material without a text begins with its PDF, as soon as it is opened.
    const ranges = []
    phone.on('response', (response) => response.url().includes('/files/') && ranges.push(response.status()))

    // The toast leads to the material; this reads the notice, in the other tab too.
    await phone.getByTestId('sound-yes').click()
    await phone.getByTestId('sound-prompt').waitFor({ state: 'detached' })
    // The question has left from under the pointer, and has taken the focus along.
    const toast = phone.getByTestId('toast').filter({ hasText: title })
    await toast.hover()
    await toast.getByRole('button').focus()
    await secondTab.getByTestId('sound-prompt').waitFor({ state: 'detached' })
    await toast.getByRole('link').click()
    await phone.getByTestId('material-detail').getByRole('heading', { name: title }).waitFor()
    await expectBadge(unread, phone, secondTab)

    await phone.getByRole('tab', { name: said.viewPdf }).click()
    const firstPage = phone.locator('[data-testid="pdf-canvas"][data-page="1"][data-drawn="true"]')
    await firstPage.waitFor()
    const inked = await firstPage.evaluate(shareOfInk)
    assert.ok(inked > 0.2, `only ${inked} of the page is not white`)
    await phone.getByTestId('pdf-page-count').getByText('1 / 3').waitFor()
    assert.ok(ranges.length > 1 && ranges.every((status) => status === 206), `ranges answered ${ranges.join(', ')}`)

    const [download] = await Promise.all([phone.waitForEvent('download'), phone.getByTestId('download').click()])
    assert.equal(download.suggestedFilename(), 'rencana belajar.pdf')
    assert.equal(sha256(await readFile(await download.path())), sha256(pdf))

    // The next notice rings in one of the two tabs, once: the chime has two tones.
    await desktop.getByTestId('upload-close').click()
    await secondTab.getByTestId('search').click()
    const tonesBefore = await tonesOf(phone, secondTab)
    await upload(desktop, { title: `${title} 2`, file: pdfFile(makePdf('Kedua', 1)) })
    await expectBadge(unread + 1, phone, secondTab)
    for (const page of [phone, secondTab])
      await page
        .getByTestId('toast')
        .filter({ hasText: `${title} 2` })
        .waitFor()
    await untilEqual('the tones of both tabs together', tonesBefore + 2, () => tonesOf(phone, secondTab))

    // Reading everything in one tab clears the badge in the other.
    await secondTab.getByTestId('bell').click()
    await secondTab.getByTestId('read-all').click()
    await expectBadge(0, phone, secondTab)
    assert.equal(await tonesOf(phone, secondTab), tonesBefore + 2)
  })
}

/** The share of a canvas's pixels that are not white, 0..1. Runs in the page. */
function shareOfInk(canvas) {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let inked = 0
  for (let index = 0; index < data.length; index += 4) {
    if (data[index] < 250 || data[index + 1] < 250 || data[index + 2] < 250) inked += 1
  }
  return inked / (data.length / 4)
}

async function tonesOf(...pages) {
  const tones = await Promise.all(pages.map((page) => page.evaluate(() => window.heard.tones)))
  return tones.reduce((sum, count) => sum + count, 0)
}
