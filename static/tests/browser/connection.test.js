// The line breaks and comes back: the student is told so, and nothing is missed or shown twice.
import assert from 'node:assert/strict'
import { badgeOf, expectBadge, logIn } from './support/browser.js'
import { openDesk } from './support/desk.js'
import { until, untilEqual } from './support/patience.js'
import { makePdf } from './support/pdf.js'
import { pdfFile, upload } from './support/upload.js'
import { words } from './support/words.js'

const { scenario } = await openDesk()

scenario('a student whose line broke is told, and gets what was missed exactly once', async ({ open, openLine }) => {
  const line = await openLine()
  const student = await open({ port: line.port })
  const counsellor = await open()
  // The requests that find the line cut are reported in the console.
  student.expectFailure(new RegExp(`^http://127\\.0\\.0\\.1:${line.port}/`))
  student.expectSocketFailure()
  const tab = await student.newTab()
  const desktop = await counsellor.newTab()
  await Promise.all([logIn(tab, 'siswa3'), logIn(desktop, 'guru1')])
  await desktop.goto('/guru/materi')
  const unread = await until('the server to have told the badge', async () => (await badgeOf(tab)) || null)
  await upload(desktop, { title: 'Sebelum putus', file: pdfFile(makePdf('Sebelum putus', 1)) })
  await expectBadge(unread + 1, tab)

  line.cut()
  const banner = tab.getByTestId('connection-banner')
  await untilEqual('the banner', 'offline', () => banner.getAttribute('data-state'))
  assert.match((await banner.textContent()).trim(), words.id.offline)
  await upload(desktop, { title: 'Selagi putus', file: pdfFile(makePdf('Selagi putus', 1)) })
  assert.equal(await badgeOf(tab), unread + 1)

  line.mend()
  await banner.getByText(words.id.back).waitFor()
  await tab.getByTestId('toast').filter({ hasText: 'Selagi putus' }).waitFor()
  await expectBadge(unread + 2, tab)
  await tab.getByTestId('material-card').filter({ hasText: 'Selagi putus' }).waitFor()

  // What is live again comes by the socket; each notice was shown once, and is in the list once.
  await upload(desktop, { title: 'Sesudah pulih', file: pdfFile(makePdf('Sesudah pulih', 1)) })
  await tab.getByTestId('toast').filter({ hasText: 'Sesudah pulih' }).waitFor()
  await expectBadge(unread + 3, tab)
  const shown = await tab.evaluate(() => window.heard.toasts)
  await tab.getByTestId('bell').click()
  const listed = await tab.getByTestId('bell-panel').getByTestId('notice').allTextContents()
  for (const title of ['Sebelum putus', 'Selagi putus', 'Sesudah pulih']) {
    assert.equal(shown.filter((text) => text.includes(title)).length, 1, `toasts: ${shown.join(' | ')}`)
    assert.equal(listed.filter((text) => text.includes(title)).length, 1, `notices: ${listed.join(' | ')}`)
  }
})

scenario('a student who was away for more than three uploads gets one summary', async ({ open, openLine }) => {
  const line = await openLine()
  const student = await open({ port: line.port })
  const counsellor = await open()
  student.expectFailure(new RegExp(`^http://127\\.0\\.0\\.1:${line.port}/`))
  student.expectSocketFailure()
  const tab = await student.newTab()
  const desktop = await counsellor.newTab()
  await Promise.all([logIn(tab, 'siswa4'), logIn(desktop, 'guru1')])
  await desktop.goto('/guru/materi')
  const unread = await until('the server to have told the badge', async () => (await badgeOf(tab)) || null)

  line.cut()
  for (const number of [1, 2, 3, 4]) {
    await upload(desktop, { title: `Bagian ${number}`, file: pdfFile(makePdf(`Bagian ${number}`, 1)) })
  }
  line.mend()
  const toast = tab.getByTestId('toast')
  await toast.waitFor()
  assert.equal(await toast.getAttribute('data-kind'), 'summary')
  assert.match(await toast.textContent(), /4/)
  assert.equal((await tab.evaluate(() => window.heard.toasts)).length, 1)
  await expectBadge(unread + 4, tab)
})
