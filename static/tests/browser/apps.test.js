// An admin connects an app, hands out its key and secret, watches it, changes it and shuts it: with a backend that signs and clients of pusher-js.
import assert from 'node:assert/strict'
import { connectBackend, openReceiver } from './support/appClient.js'
import { logIn, viewports } from './support/browser.js'
import { openDesk } from './support/desk.js'
import { until, untilEqual } from './support/patience.js'

// A dead letter takes 5 minutes; here one attempt and a second.
const { scenario, sessionOf, port } = await openDesk({ settings: ['webhooks.retry_for_s=1', 'webhooks.allow_private_targets=true'] })
const admin = await sessionOf('admin')

const countOf = (locator) => async () => Number(await locator.getAttribute('data-count'))
const textOf = (page, testid) => page.getByTestId(testid).innerText()

/** Connects an app by the dialog, and leaves the secret's dialog; the answer is what it showed, and the path of the app. */
async function connectApp(page, name) {
  await page.goto('/admin/apps')
  await page.getByTestId('app-create-open').click()
  await page.getByTestId('app-name').fill(name)
  await page.getByTestId('app-submit').click()
  await page.getByTestId('app-secret').waitFor()
  const app = {
    id: await textOf(page, 'secret-app-id'),
    key: await textOf(page, 'secret-app-key'),
    secret: await textOf(page, 'app-secret'),
  }
  const snippet = await textOf(page, 'snippet')
  await page.getByTestId('secret-done').click()
  await page.getByTestId('app-head').waitFor()
  return { app, snippet, path: `/admin/apps/${app.id}` }
}

async function openAdmin(open, options) {
  const person = await open({ storageState: admin, ...options })
  return { person, page: await person.newTab() }
}

scenario('a new app shows its secret once, works with it at once, and its counts are live', async ({ open }) => {
  const { person, page } = await openAdmin(open)
  const { app, snippet, path } = await connectApp(page, 'Portal Absensi')
  assert.match(app.secret, /^[0-9a-f]{40}$/)
  for (const line of [
    `PUSHER_APP_ID=${app.id}`,
    `PUSHER_APP_KEY=${app.key}`,
    `PUSHER_APP_SECRET=${app.secret}`,
    'PUSHER_HOST=127.0.0.1',
    `PUSHER_PORT=${port}`,
    'PUSHER_SCHEME=http',
  ]) {
    assert.ok(snippet.split('\n').includes(line), line)
  }
  assert.equal(new URL(page.url()).pathname, path)
  for (const next of [path, `${path}/settings`, '/admin/apps']) {
    await page.goto(next)
    await page.getByRole('heading', { level: 1 }).waitFor()
    assert.ok(!(await page.content()).includes(app.secret), next)
  }

  await page.goto(path)
  const list = await person.newTab()
  await list.goto('/admin/apps')
  const row = list.locator(`[data-testid="app-row"][data-id="${app.id}"]`)
  assert.equal(await countOf(row.getByTestId('app-connections'))(), 0)
  const backend = connectBackend(port, app)
  const socket = await backend.openSocket()
  await socket.subscribe('pengumuman')
  assert.deepEqual(await backend.trigger('pengumuman', 'masuk', { siswa: 7 }), { status: 200, text: '{}' })
  assert.deepEqual((await socket.next('masuk')).data, { siswa: 7 })
  // Polled by whichever page is looked at.
  await list.bringToFront()
  await untilEqual('the connections in the list', 1, countOf(row.getByTestId('app-connections')))
  await page.bringToFront()
  await untilEqual('the channels of the app', 1, countOf(page.getByTestId('live-channels')))
  socket.close()
  await untilEqual('the connections of the app', 0, countOf(page.getByTestId('live-connections')))
})

scenario('what is wrong stands at its field, whoever noticed', async ({ open }) => {
  const { person, page } = await openAdmin(open)
  await page.goto('/admin/apps')
  await page.getByTestId('app-create-open').click()
  await page.getByTestId('app-origins').fill('portal.example')
  await page.getByTestId('app-submit').click()
  const isWrong = (testid) => page.getByTestId(testid).getAttribute('aria-invalid')
  await untilEqual('the name to be wrong', 'true', () => isWrong('app-name'))
  assert.equal(await isWrong('app-origins'), 'true')
  assert.equal(await page.evaluate(() => document.activeElement?.dataset.testid), 'app-name')

  // A word of the server lands there too, also in the folded part of the form.
  person.expectFailure(/\/admin\/apps$/)
  const errors = [{ field: 'limits.payload_bytes', code: 'unknown_value', message: '1 to 102400' }]
  await page.route('**/api/v1/admin/apps', (route) =>
    route.request().method() === 'POST'
      ? route.fulfill({
          status: 422,
          contentType: 'application/problem+json',
          body: JSON.stringify({ code: 'validation', status: 422, errors }),
        })
      : route.fallback(),
  )
  await page.getByTestId('app-name').fill('Portal')
  await page.getByTestId('app-origins').fill('https://portal.example')
  await page.getByTestId('app-submit').click()
  await untilEqual('the payload to be wrong', 'true', () => isWrong('app-limit-payload_bytes'))
  await untilEqual('the focus', 'app-limit-payload_bytes', () => page.evaluate(() => document.activeElement?.dataset.testid))
})

scenario('settings are changed, a faster colleague is not overwritten, a new secret shuts out the old one', async ({ open }) => {
  const { person, page } = await openAdmin(open)
  const { app, path } = await connectApp(page, 'Perpustakaan')
  const backend = connectBackend(port, app)
  await page.getByTestId('part-settings').click()
  await page.getByTestId('app-limit-channels').fill('1')
  await page.getByTestId('app-save').click()
  await page.getByTestId('app-settings-bar').waitFor({ state: 'detached' })
  await page.reload()
  assert.equal(await page.getByTestId('app-limit-channels').inputValue(), '1')
  const socket = await backend.openSocket()
  await socket.subscribe('satu')

  // Written here, changed there, while the page has not looked again.
  await page.getByTestId('app-name').fill('Perpustakaan Sekolah')
  const refused = page.waitForResponse((response) => response.request().method() === 'PATCH')
  await page.route(`**/api/v1${path}`, async (route) => {
    if (route.request().method() === 'GET') await refused
    await route.fallback()
  })
  const answer = await person.context.request.patch(`/api/v1${path}`, {
    data: { subscription_counts: true },
    headers: { origin: `http://127.0.0.1:${port}` },
  })
  assert.equal(answer.status(), 200)
  person.expectFailure(new RegExp(`${path}$`))
  await page.getByTestId('app-save').click()
  assert.equal((await refused).status(), 409)
  await page.getByTestId('app-overtaken').waitFor()
  assert.equal(await page.getByTestId('app-counts').isChecked(), true)
  assert.equal(await page.getByTestId('app-name').inputValue(), 'Perpustakaan Sekolah')
  await page.getByTestId('app-save').click()
  await page.getByTestId('app-settings-bar').waitFor({ state: 'detached' })
  await page.getByRole('heading', { level: 1, name: 'Perpustakaan Sekolah' }).waitFor()
  const saved = await (await person.context.request.get(`/api/v1${path}`)).json()
  assert.deepEqual([saved.name, saved.subscription_counts, saved.limits.channels], ['Perpustakaan Sekolah', true, 1])

  // Unsaved changes are asked for before the part is left.
  await page.getByTestId('app-limit-channels').fill('2')
  await page.getByTestId('part-webhooks').click()
  await page.getByTestId('confirm').waitFor()
  await page.keyboard.press('Escape')
  assert.equal(new URL(page.url()).pathname, `${path}/settings`)
  await page.getByTestId('app-discard').click()

  await page.getByTestId('app-rotate').click()
  await page.getByTestId('confirm').click()
  await page.getByTestId('app-secret').waitFor()
  const secret = await textOf(page, 'app-secret')
  assert.notEqual(secret, app.secret)
  // Stray keys do not lose it; browsers obey the second Escape in a row without asking.
  for (const key of ['Escape', 'Escape', 'Escape']) await page.keyboard.press(key)
  assert.equal(await page.getByTestId('app-secret').isVisible(), true)
  await page.getByTestId('secret-done').click()
  await page.getByTestId('app-secret').waitFor({ state: 'detached' })
  assert.equal((await backend.trigger('satu', 'lama', {})).status, 401)
  assert.equal((await connectBackend(port, { ...app, secret }).trigger('satu', 'baru', {})).status, 200)
  await socket.next('baru')
  socket.close()
})

scenario('disabling says whom it hits, ends the sockets with 4003, and can be taken back', async ({ open }) => {
  const { page } = await openAdmin(open)
  const { app } = await connectApp(page, 'Kantin')
  const backend = connectBackend(port, app)
  const socket = await backend.openSocket()
  await page.getByTestId('part-settings').click()
  await page.getByTestId('app-disable').click()
  await page
    .getByRole('dialog')
    .getByText(/^1 koneksi terbuka/)
    .waitFor()
  await page.getByTestId('confirm').click()
  await untilEqual('the state', 'false', () => page.getByTestId('app-state').getAttribute('data-enabled'))
  assert.equal(await socket.closeCode(), 4003)
  assert.equal((await backend.trigger('a', 'b', {})).status, 403)
  await page.getByTestId('part-console').click()
  assert.equal(await page.getByTestId('event-send').count(), 0)
  await page.getByTestId('part-settings').click()
  await page.getByTestId('app-enable').click()
  await untilEqual('the state', 'true', () => page.getByTestId('app-state').getAttribute('data-enabled'))
  assert.equal((await backend.trigger('a', 'b', {})).status, 200)
})

scenario('webhooks are added, changed and removed', async ({ open }) => {
  const { page, person } = await openAdmin(open)
  const { path } = await connectApp(page, 'Arsip')
  await page.getByTestId('part-webhooks').click()
  await page.getByTestId('webhook-add').click()
  await page.getByTestId('webhook-url').fill('arsip.example')
  await page.getByTestId('webhook-save').click()
  await untilEqual('the address to be wrong', 'true', () => page.getByTestId('webhook-url').getAttribute('aria-invalid'))
  await page.getByTestId('webhook-url').fill('https://arsip.example/hook')
  await page.getByTestId('webhook-event-channel_occupied').check()
  await page.getByTestId('webhook-prefix').fill('presence-')
  await page.getByTestId('webhook-save').click()
  const hook = page.locator('[data-testid="webhook"][data-url="https://arsip.example/hook"]')
  await hook.waitFor()
  await hook.getByTestId('webhook-edit').click()
  await page.getByTestId('webhook-event-member_added').check()
  await page.getByTestId('webhook-save').click()
  await hook.getByText('member_added', { exact: true }).waitFor()
  const stored = async () => (await (await person.context.request.get(`/api/v1${path}`)).json()).webhooks
  assert.deepEqual(await stored(), [
    { url: 'https://arsip.example/hook', events: ['channel_occupied', 'member_added'], channel_prefix: 'presence-' },
  ])
  await hook.getByTestId('webhook-remove').click()
  await page.getByTestId('confirm').click()
  await hook.waitFor({ state: 'detached' })
  assert.deepEqual(await stored(), [])
  await page.getByTestId('dead-none').waitFor()
})

scenario('an address that fails is told of, and what died there is sent again once it is well', async ({ open }) => {
  const { page } = await openAdmin(open)
  const { app } = await connectApp(page, 'Arsip Digital')
  const receiver = await openReceiver()
  try {
    await page.getByTestId('part-webhooks').click()
    await page.getByTestId('webhook-add').click()
    await page.getByTestId('webhook-url').fill(receiver.url)
    await page.getByTestId('webhook-event-channel_occupied').check()
    await page.getByTestId('webhook-save').click()
    await page.getByTestId('webhook').waitFor()
    const socket = await connectBackend(port, app).openSocket()
    for (const name of ['ruang.1', 'ruang.2', 'ruang.3']) await socket.subscribe(name)
    await untilEqual('the dead letters', 3, () => page.getByTestId('dead-letter').count())
    await until('the webhook to tell of them', async () => /^3 /.test(await textOf(page, 'webhook-dead')))
    await page.getByTestId('dead-letter').first().getByText('channel_occupied', { exact: true }).waitFor()

    receiver.heal()
    const chosen = page.getByTestId('dead-letter').filter({ hasText: 'ruang.2' })
    await chosen.getByTestId('dead-select').check()
    await page.getByTestId('dead-replay-selected').click()
    await untilEqual('what was delivered', 'ruang.2', () => receiver.channels().join())
    await untilEqual('the dead letters left', 2, () => page.getByTestId('dead-letter').count())
    await page.getByTestId('dead-replay-all').click()
    await page.getByTestId('confirm').click()
    await untilEqual('what was delivered', 'ruang.1,ruang.2,ruang.3', () => receiver.channels().sort().join())
    await page.getByTestId('dead-none').waitFor()
    await untilEqual('the state of the webhook', 'false', () => page.getByTestId('webhook-state').getAttribute('data-failing'))
    socket.close()
  } finally {
    receiver.close()
  }
})

scenario('the console shows what happens, holds still while it is read, and its event creator reaches a subscriber', async ({ open }) => {
  const { page } = await openAdmin(open)
  const { app } = await connectApp(page, 'Ujian')
  await page.getByTestId('part-console').click()
  await page.locator('[data-testid="console"][data-state="watching"]').waitFor()
  const line = (kind) => page.locator(`[data-testid="console-line"][data-kind="${kind}"]`)
  const backend = connectBackend(port, app)
  const socket = await backend.openSocket()
  const channel = await socket.subscribe('presence-ruang.1', 'siswa1')
  await backend.trigger('presence-ruang.1', 'soal-baru', { nomor: 3 })
  channel.trigger('client-selesai', { nomor: 2 })
  for (const kind of ['connected', 'subscribed', 'occupied', 'member_added', 'api_event', 'client_event'])
    await line(kind).first().waitFor()
  await line('api_event').first().getByRole('button').first().click()
  assert.match(await page.getByTestId('console-data').innerText(), /"nomor": 3/)

  // While a line is open new ones wait behind the screen.
  const before = await page.getByTestId('console-line').count()
  await backend.trigger('presence-ruang.1', 'soal-baru', { nomor: 4 })
  await page.getByTestId('console-latest').waitFor()
  assert.equal(await page.getByTestId('console-line').count(), before)
  await page.getByTestId('console-latest').click()
  await until('the held line', async () => (await line('api_event').count()) === 2)

  await page.getByTestId('console-kind').selectOption('client_event')
  assert.equal(await page.getByTestId('console-line').count(), 1)
  await page.getByTestId('console-kind').selectOption('')
  await page.getByTestId('console-text').fill('"nomor":4')
  await untilEqual('the lines with the word', 1, () => page.getByTestId('console-line').count())
  await page.getByTestId('console-text').fill('')

  await page.getByTestId('console-pause').click()
  await page.getByTestId('event-channels').fill('presence-ruang.1')
  await page.getByTestId('event-name').fill('dari-admin')
  await page.getByTestId('event-data').fill('{"halo":"semua"}')
  await page.getByTestId('event-send').click()
  assert.deepEqual((await socket.next('dari-admin')).data, { halo: 'semua' })
  await until('a line that waits', async () => (await countOf(page.getByTestId('console-latest'))()) >= 1)
  await page.getByTestId('console-pause').click()
  await page.getByTestId('console-line').getByText('dari-admin').waitFor()
  await page.getByTestId('console-clear').click()
  await page.getByTestId('console-waiting').waitFor()

  // Nothing of this is announced line by line.
  assert.equal(
    await page
      .locator('[data-testid="console-log"][aria-live], [data-testid="console-log"][role="log"], [role="log"] [data-testid="console-line"]')
      .count(),
    0,
  )
  socket.close()
  await line('disconnected').first().waitFor()
  assert.equal((await connectBackend(port, { ...app, secret: 'salah' }).trigger('a', 'b', {})).status, 401)
})

scenario('the way back neither loses a secret nor unsaved changes, and asks nobody whose session is over', async ({ open }) => {
  // A session of its own: it ends.
  const person = await open()
  const page = await person.newTab()
  await logIn(page, 'admin')
  await page.goto('/admin/audit')
  await page.getByTestId('nav-apps').first().click()
  await page.getByTestId('app-create-open').click()
  await page.getByTestId('app-name').fill('Gerbang')
  await page.getByTestId('app-submit').click()
  await page.getByTestId('app-secret').waitFor()
  const secret = await textOf(page, 'app-secret')
  await page.evaluate(() => history.back())
  await untilEqual('the address', '/admin/apps', () => new URL(page.url()).pathname)
  assert.equal(await textOf(page, 'app-secret'), secret)
  const asked = []
  page.on('dialog', (dialog) => (asked.push(dialog.type()), dialog.dismiss()))
  await page.reload({ timeout: 1_500 }).catch(() => undefined)
  await untilEqual('the question', 'beforeunload', () => asked[0])
  assert.equal(await textOf(page, 'app-secret'), secret)
  await page.getByTestId('secret-done').click()
  await page.getByTestId('app-head').waitFor()
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.documentElement.outerHTML]),
  )
  assert.ok(!kept.includes(secret))

  await page.getByTestId('part-settings').click()
  await page.getByTestId('app-name').fill('Gerbang Sekolah')
  await page.getByTestId('part-console').click()
  await page.getByTestId('confirm').waitFor()
  await page.keyboard.press('Escape')
  await page.getByTestId('confirm').waitFor({ state: 'detached' })
  assert.equal(await page.getByTestId('app-name').inputValue(), 'Gerbang Sekolah')
  // What the page was about to look up as the session ended is refused.
  person.expectFailure(/\/api\/v1\//)
  await page.getByTestId('logout').click()
  await page.waitForURL(/\/login/)
  assert.equal(await page.getByTestId('confirm').count(), 0)
})

scenario('an app of the settings can be looked at and nothing else', async ({ open }) => {
  const { page } = await openAdmin(open)
  await page.goto('/admin/apps')
  const row = page.locator('[data-testid="app-row"][data-id="1001"]')
  assert.equal(await row.getByTestId('app-source').getAttribute('data-source'), 'settings')
  // The card is a link; the button in it is not.
  await row.getByTestId('app-key-copy').click()
  await untilEqual('the key to be copied', 'true', () => row.getByTestId('app-key-copy').getAttribute('data-done'))
  assert.equal(new URL(page.url()).pathname, '/admin/apps')
  await row.getByTestId('app-link').click()
  await page.getByTestId('part-settings').click()
  await page.getByTestId('app-read-only').waitFor()
  assert.equal(await page.getByTestId('app-name').getAttribute('readonly'), '')
  for (const control of ['app-client-events', 'app-counts']) assert.equal(await page.getByTestId(control).isDisabled(), true)
  for (const gone of ['app-rotate', 'app-disable', 'app-save']) assert.equal(await page.getByTestId(gone).count(), 0)
  await page.getByTestId('part-webhooks').click()
  await page.getByRole('main').getByText('Aplikasi dari pengaturan server tidak punya webhook.').waitFor()
  assert.equal(await page.getByTestId('webhook-add').count(), 0)
})

scenario('by keyboard alone, on a phone, without the clipboard of secure pages', async ({ open }) => {
  const { page } = await openAdmin(open, { viewport: viewports[360] })
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
  await page.goto('/admin/apps')
  await page.getByTestId('app-create-open').focus()
  await page.keyboard.press('Enter')
  await page.getByTestId('app-name').focus()
  await page.keyboard.type('Papan Skor')
  await page.keyboard.press('Enter')
  await page.getByTestId('app-secret').waitFor()
  await page.getByTestId('app-secret-copy').focus()
  await page.keyboard.press('Enter')
  await untilEqual('the secret to be copied', 'true', () => page.getByTestId('app-secret-copy').getAttribute('data-done'))
  assert.equal(await page.evaluate(() => document.activeElement?.dataset.testid), 'app-secret-copy')
  await page.getByTestId('snippet-laravel').focus()
  await page.keyboard.press('ArrowRight')
  await untilEqual('the snippet of Node', true, async () => (await textOf(page, 'snippet')).includes('npm install pusher'))
  await page.getByTestId('secret-done').focus()
  await page.keyboard.press('Enter')
  await page.getByTestId('part-console').focus()
  await page.keyboard.press('Enter')
  await page.waitForURL('**/console')
  assert.equal(await page.title(), 'EduCounsel · Konsol aplikasi')
  await page.locator('[data-testid="console"][data-state="watching"]').waitFor()
  await page.getByTestId('event-send').focus()
  for (let n = 1; n <= 3; n += 1) {
    await page.keyboard.press('Enter')
    await untilEqual('the events', n, () => page.locator('[data-kind="api_event"]').count())
    // The console may be told before the button is, which is deaf until then.
    await untilEqual('the busy mark of the button', 'false', () => page.getByTestId('event-send').getAttribute('aria-busy'))
  }
  // One line is in the tab order; arrows walk.
  assert.equal(await page.locator('[data-testid="console-line"] > button[tabindex="0"]').count(), 1)
  await page.locator('[data-testid="console-line"] > button[tabindex="0"]').focus()
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await page.getByTestId('console-detail').waitFor()
  const open1 = await page.locator('[data-testid="console-line"]:has([aria-expanded="true"])').getAttribute('data-id')
  assert.equal(open1, await page.evaluate(() => document.activeElement?.parentElement?.dataset.id))
})
