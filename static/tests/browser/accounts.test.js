// Accounts: an admin makes one, gives it another password, shuts and opens it; its owner hides what others need not see, and ends a login elsewhere.
import assert from 'node:assert/strict'
import { sendLogin } from './support/browser.js'
import { openDesk } from './support/desk.js'
import { untilEqual } from './support/patience.js'

const { scenario, sessionOf } = await openDesk()

scenario('an admin makes an account, and it can log in until it is disabled', async ({ open }) => {
  const admin = await open({ storageState: await sessionOf('admin') })
  const page = await admin.newTab()
  await page.goto('/admin/users')
  await page.getByTestId('user-create-open').click()
  await page.getByTestId('user-name').fill('Rina Kusuma')
  await page.getByTestId('user-login').fill('rina.kusuma')
  await page.getByTestId('user-role').selectOption('student')
  await page.getByTestId('user-password').fill('sandi-pertama-rina')
  await page.getByTestId('user-submit').click()
  await page.getByTestId('user-create-form').waitFor({ state: 'detached' })
  await page.getByTestId('search').fill('rina')
  const row = page.locator('[data-testid="user-row"][data-login="rina.kusuma"]')
  await row.waitFor()

  const rina = await open()
  // Her logins are ended from elsewhere: whatever her page asks for at that moment is refused.
  rina.expectFailure(/\/api\/v1\//)
  const hers = await rina.newTab()
  await sendLogin(hers, 'rina.kusuma', 'sandi-pertama-rina')
  await hers.waitForURL('**/student/dashboard')

  await row.getByTestId('user-reset').click()
  await page.getByTestId('reset-password').fill('sandi-kedua-rina')
  await page.getByTestId('reset-submit').click()
  await page.getByTestId('reset-form').waitFor({ state: 'detached' })
  // A new password ends the logins with the old one.
  await hers.waitForURL('**/login**')
  await sendLogin(hers, 'rina.kusuma', 'sandi-pertama-rina')
  await hers.getByTestId('login-error').waitFor()
  await sendLogin(hers, 'rina.kusuma', 'sandi-kedua-rina')
  await hers.waitForURL('**/student/dashboard')

  await row.getByTestId('user-toggle').click()
  await page.getByTestId('confirm').click()
  await hers.waitForURL('**/login**')
  await sendLogin(hers, 'rina.kusuma', 'sandi-kedua-rina')
  await hers.getByTestId('login-error').waitFor()

  // Found again by role and state, and opened.
  await page.getByTestId('filter-role').selectOption('student')
  await page.getByTestId('filter-state').selectOption('disabled')
  // Until the answer is there, the row is still one of the list before.
  await page.locator('ul[aria-busy="false"]').filter({ has: row }).waitFor()
  await untilEqual('the accounts', 1, () => page.getByTestId('user-row').count())
  await row.getByTestId('user-toggle').click()
  await untilEqual('the state', 'Aktif', () => row.getByTestId('user-state').textContent())
  await sendLogin(hers, 'rina.kusuma', 'sandi-kedua-rina')
  await hers.waitForURL('**/student/dashboard')
})

scenario('a login that is taken is said at its field', async ({ open }) => {
  const admin = await open({ storageState: await sessionOf('admin') })
  admin.expectFailure(/\/admin\/users$/)
  const page = await admin.newTab()
  await page.goto('/admin/users')
  await page.getByTestId('user-create-open').click()
  await page.getByTestId('user-name').fill('Siswa Satu')
  await page.getByTestId('user-login').fill('siswa1')
  await page.getByTestId('user-password').fill('sandi-yang-cukup-panjang')
  await page.getByTestId('user-submit').click()
  await page.locator('[data-testid="user-login"][aria-invalid="true"]').waitFor()
  assert.equal(await page.getByTestId('user-create-form').count(), 1)
})

scenario('a student hides typing and read marks, and ends the login of another device', async ({ open }) => {
  const student = await open({ storageState: await sessionOf('siswa9') })
  const elsewhere = await open({ storageState: await sessionOf('siswa9') })
  elsewhere.expectFailure(/\/api\/v1\//)
  const other = await elsewhere.newTab()
  await other.goto('/student/dashboard')
  await other.getByTestId('bell').waitFor()

  const page = await student.newTab()
  await page.goto('/account')
  for (const choice of ['hide_typing', 'hide_read_receipts']) {
    const toggle = page.getByTestId(`chat-${choice}`)
    assert.equal(await toggle.isChecked(), false, choice)
    await toggle.click()
    await untilEqual(`${choice} to be saved`, false, () => toggle.isDisabled())
  }
  await page.reload()
  for (const choice of ['hide_typing', 'hide_read_receipts']) {
    await untilEqual(choice, true, () => page.getByTestId(`chat-${choice}`).isChecked())
  }

  await untilEqual('both logins', 2, () => page.getByTestId('session-row').count())
  await page.getByTestId('session-end').click()
  await untilEqual('the own login', 1, () => page.getByTestId('session-row').count())
  await other.waitForURL('**/login**')
})
