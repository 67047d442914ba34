// What admins look after: the audit trail and the health of the system.
import assert from 'node:assert/strict'
import { logIn } from './support/browser.js'
import { openDesk } from './support/desk.js'
import { untilEqual } from './support/patience.js'

const { scenario } = await openDesk()
const phone = { width: 360, height: 740 }
const distinct = (texts) => [...new Set(texts)].join(' | ')

scenario('an admin follows one person through the audit trail, and the way back works', async ({ open }) => {
  const counsellor = await open()
  await logIn(await counsellor.newTab(), 'guru2')
  const page = await (await open()).newTab()
  await logIn(page, 'admin')
  await page.getByTestId('nav-audit').click()
  const rows = page.getByTestId('audit-row')
  await rows.first().waitFor()
  const newest = await rows.evaluateAll((all) => all.slice(0, 2).map((row) => row.dataset.action))
  assert.deepEqual(newest, ['auth.login', 'auth.login'])
  assert.match(await rows.nth(1).getByTestId('audit-sentence').innerText(), /^\S.* masuk$/)
  const name = await rows.nth(1).getByTestId('audit-actor').textContent()
  await rows.nth(1).getByTestId('audit-actor').click()
  await page.waitForURL(/\/admin\/audit\?actor=/)
  await untilEqual('the actors of all lines', name, () => rows.getByTestId('audit-actor').allTextContents().then(distinct))
  assert.equal(await page.getByTestId('audit-narrowed').innerText(), name)
  await page.getByTestId('audit-widen').click()
  await page.waitForURL(/\/admin\/audit$/)
  // The button went; the focus did not fall to the page.
  assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), 'BODY')
  await untilEqual('more than one actor', true, () =>
    rows
      .getByTestId('audit-actor')
      .allTextContents()
      .then((names) => distinct(names).includes(' | ')),
  )
  await page.getByTestId('audit-kind').selectOption('material')
  await page.waitForURL(/kind=material/)
  await untilEqual('only materials', 'material.created', () =>
    rows.evaluateAll((all) => all.map((row) => row.dataset.action)).then(distinct),
  )
})

scenario('on a phone the rare pages are behind the last button; the system tells how its parts are', async ({ open }) => {
  const admin = await open({ viewport: phone })
  const page = await admin.newTab()
  await logIn(page, 'admin')
  const more = page.getByTestId('nav-more')
  await more.click()
  await page.keyboard.press('Escape')
  await untilEqual('the focus', true, () => more.evaluate((button) => document.activeElement === button))
  await more.click()
  await page.getByTestId('nav-system').last().focus()
  await page.getByTestId('bell').focus()
  await untilEqual('the list to be closed', 'false', () => more.getAttribute('aria-expanded'))
  await more.click()
  await page.getByTestId('nav-system').last().click()
  const parts = page.getByTestId('system-part')
  await parts.first().waitFor()
  assert.deepEqual(await parts.evaluateAll((all) => all.map(({ dataset }) => [dataset.name, dataset.status])), [
    ['database', 'connected'],
    ['cache', 'connected'],
    ['bus', 'connected'],
    ['files', 'connected'],
  ])

  admin.expectFailure(/\/admin\/system$/)
  await page.route('**/api/v1/admin/system', (route) => route.abort('connectionrefused'))
  await page.getByTestId('system-refresh').click()
  await untilEqual('the verdict', true, async () => /tidak menjawab/.test(await page.getByTestId('system-verdict').textContent()))
  await parts.first().waitFor()
})
