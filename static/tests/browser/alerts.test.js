// A student writes something that worries: the card of people at once, no word to the provider, and counsellors who are called and answer.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { startProvider } from '../../../tests/support/node/testkit.js'
import { viewports } from './support/browser.js'
import { ask, openCompanion, untilStatus } from './support/companion.js'
import { openDesk } from './support/desk.js'
import { until, untilEqual } from './support/patience.js'

const provider = await startProvider({ otherwise: 'Baik.' })
after(() => provider.close())
const { scenario, sessionOf } = await openDesk({
  settings: [`openai.base_url=${provider.baseUrl}`, 'openai.model=fake', 'openai.moderation=false'],
})
const risk = 'aku mau bunuh diri malam ini'

async function openStaff(open, login, path, options = {}) {
  const person = await open({ storageState: await sessionOf(login), sound: 'on', ...options })
  const page = await person.newTab()
  await page.goto(path)
  await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' })
  return page
}

async function openStudent(open, login) {
  return openCompanion(await open({ storageState: await sessionOf(login), viewport: viewports[360] }))
}

/** The demo school has alerts of its own: somebody takes care of them first. */
async function answerAll(page) {
  await until('the list', async () => (await page.getByTestId('alerts-empty').count()) + (await page.getByTestId('alert').count()) > 0)
  const buttons = page.getByTestId('alert-acknowledge')
  for (let left = await buttons.count(); left > 0; left = await buttons.count()) {
    await buttons.first().click()
    // Until the server has answered, it is still there, and may go while it is pressed again.
    await until('one alert to be answered', async () => (await buttons.count()) < left)
  }
}

const cardOf = (page, name) => page.getByTestId('alert').filter({ hasText: name })
const openCount = async (page) =>
  Number(
    (
      await page
        .getByTestId('alerts-badge')
        .first()
        .textContent({ timeout: 1_000 })
        .catch(() => '0')
    ).trim(),
  )

scenario('a risk: the student gets the card, counsellors a toast, a sound and a clock, and one of them takes care', async ({ open }) => {
  const alerts = await openStaff(open, 'guru1', '/guru/alerts')
  await answerAll(alerts)
  await untilEqual('the number', 0, () => openCount(alerts))
  const elsewhere = await openStaff(open, 'guru2', '/guru/materi')
  await elsewhere.mouse.click(5, 300) // sounds need a gesture
  const admin = await openStaff(open, 'admin', '/admin/users')
  const student = await openStudent(open, 'siswa5')

  await ask(student, risk)
  await student.getByTestId('help-card').waitFor()
  await until('the card to be told', async () => (await student.getByTestId('companion-spoken').textContent()).includes('119'))
  const calls = await student
    .getByTestId('help-card')
    .getByTestId('hotline-call')
    .evaluateAll((links) => links.map((link) => link.getAttribute('href')))
  assert.ok(calls.includes('tel:119'), calls.join())
  assert.equal(provider.requests.length, 0, 'the model is not asked')

  const card = cardOf(alerts, risk)
  await card.waitFor()
  assert.equal(await card.getAttribute('data-level'), '3')
  await untilEqual('the words of the student', `“${risk}”`, () => card.getByTestId('alert-excerpt').textContent())
  const seconds = Number(await card.getByTestId('alert-clock').getAttribute('data-seconds'))
  assert.ok(seconds > 200 && seconds <= 300, `${seconds} s left`)
  await until('the clock to run', async () => Number(await card.getByTestId('alert-clock').getAttribute('data-seconds')) < seconds)

  for (const page of [alerts, elsewhere]) {
    await page.locator('[data-testid="toast"][data-kind="risk"]').waitFor()
    await untilEqual('the number', 1, () => openCount(page))
  }
  await until('the sound', () => elsewhere.evaluate(() => window.heard.tones >= 6))
  await untilEqual('the number at the admin', 1, () => openCount(admin))
  assert.equal(await elsewhere.getByText(risk).count(), 0, 'a toast does not tell')

  // From the toast to the alert.
  await elsewhere.locator('[data-testid="toast"][data-kind="risk"]').getByRole('link').click()
  await elsewhere.waitForURL(/\/guru\/alerts\?id=/)
  await cardOf(elsewhere, risk).waitFor()
  await untilEqual('the focus', 'alert', () => elsewhere.evaluate(() => document.activeElement?.dataset.testid))

  await card.getByTestId('alert-acknowledge').click()
  await card.getByTestId('alert-handled').waitFor()
  await untilEqual('the state at the colleague', 'acknowledged', () => cardOf(elsewhere, risk).getAttribute('data-state'))
  assert.match(await cardOf(elsewhere, risk).getByTestId('alert-handled').innerText(), /Sri Wahyuni/)
  for (const page of [alerts, elsewhere, admin]) await untilEqual('the number', 0, () => openCount(page))
  await alerts.locator('[data-testid="toast"][data-kind="risk"]').waitFor({ state: 'detached' })

  await card.getByTestId('alert-chat').click()
  await alerts.waitForURL(/\/guru\/chat\//)
  await alerts.getByTestId('thread').waitFor()
  // The card is still there when the student comes back.
  await student.reload()
  await student.getByTestId('help-card').waitFor()
  assert.equal(provider.requests.length, 0)
})

scenario('a concern: the model answers, counsellors see it without an alarm, the filters sort it', async ({ open }) => {
  const alerts = await openStaff(open, 'guru3', '/guru/alerts')
  await answerAll(alerts)
  const student = await openStudent(open, 'siswa6')
  await ask(student, 'aku dipukuli teman sekelas setiap hari')
  await untilStatus(student, 'done')
  const card = cardOf(alerts, 'dipukuli')
  await card.waitFor()
  assert.equal(await card.getAttribute('data-level'), '2')
  assert.equal(await card.getByTestId('alert-clock').count(), 0)
  assert.equal(await alerts.locator('[data-testid="toast"][data-kind="risk"]').count(), 0)

  await card.getByTestId('alert-acknowledge').click()
  await card.getByTestId('alert-handled').waitFor()
  await alerts.getByTestId('alerts-tab-acknowledged').click()
  await cardOf(alerts, 'dipukuli').waitFor()
  await alerts.getByTestId('alerts-tab-open').click()
  await until('the open ones', async () => (await cardOf(alerts, 'dipukuli').count()) === 0)
})

scenario('an admin sees alerts without the words, and renews the numbers of the card for everybody', async ({ open }) => {
  const admin = await openStaff(open, 'admin', '/admin/alerts')
  await admin.getByTestId('alerts-tab-all').click()
  await admin.getByTestId('alert').first().waitFor()
  assert.equal(await admin.getByTestId('alert-excerpt').count(), 0)
  assert.equal(await admin.getByTestId('alert-chat').count(), 0)

  await admin.goto('/admin/help')
  await admin.getByTestId('hotline-row').first().waitFor()
  const count = await admin.getByTestId('hotline-row').count()
  await admin.getByTestId('hotline-add').click()
  const row = admin.getByTestId('hotline-row').last()
  await untilEqual('the focus', 'hotline-name', () => admin.evaluate(() => document.activeElement?.dataset.testid))
  await row.getByTestId('hotline-name').fill('Puskesmas Sukamaju')
  await admin.getByTestId('hotlines-save').click()
  await row.locator('[aria-invalid="true"]').first().waitFor()
  await row.getByTestId('hotline-number').fill('(021) 500 454')
  await row.getByTestId('hotline-hours').fill('08.00 sampai 16.00')
  await row.getByTestId('hotline-note-id').fill('Dokter dan psikolog, di seberang sekolah')
  await row.getByTestId('hotline-note-en').fill('Doctor and psychologist, opposite the school')
  await admin.getByTestId('hotlines-save').click()
  await admin.getByTestId('hotlines-bar').waitFor({ state: 'detached' })

  const visitor = await open()
  const login = await visitor.newTab()
  await login.goto('/login')
  await login.getByTestId('help').click()
  const dialog = login.getByRole('dialog')
  await dialog.getByText('Puskesmas Sukamaju').waitFor()
  assert.equal(await dialog.getByTestId('hotline-call').count(), count + 1)
  assert.equal(await dialog.getByTestId('hotline-call').last().getAttribute('href'), 'tel:021500454')

  await admin.getByTestId('hotline-row').last().getByTestId('hotline-remove').click()
  await admin.getByTestId('hotlines-discard').click()
  await untilEqual('the rows', count + 1, () => admin.getByTestId('hotline-row').count())
})
