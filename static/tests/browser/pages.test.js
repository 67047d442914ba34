// Every page and every state of it, in light and dark, on a phone and on a laptop. The screenshots are in test-results/pages.
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { apps, portal, serveApps } from './support/appSamples.js'
import { connectBackend } from './support/appClient.js'
import { viewports } from './support/browser.js'
import { alertOf, goodAnswer, helpCard, serveAlerts, serveCompanion, threadPath, turnOf } from './support/companionSamples.js'
import { openDesk, resultsFolder } from './support/desk.js'
import { findTooWide, inspect } from './support/inspection.js'
import { untilEqual } from './support/patience.js'
import { makePdf } from './support/pdf.js'
import { fillUpload, pdfFile } from './support/upload.js'

const { scenario, sessionOf } = await openDesk()
const folder = join(resultsFolder, 'pages')
await mkdir(folder, { recursive: true })

const sessions = {
  nobody: undefined,
  student: await sessionOf('siswa5'),
  talker: await sessionOf('siswa1'),
  counsellor: await sessionOf('guru1'),
  admin: await sessionOf('admin'),
}

/**
 * Looks at one state of one page. `show` brings the page, which is at `path`, into that state. `failing` are addresses whose failure belongs
 * to the state; `prepare` runs before the page is loaded, at the size of `viewport`.
 */
function state(who, name, path, show = async () => undefined, { failing = [], prepare, isStill, mayLoad, sound, viewport, within } = {}) {
  scenario(`${who}: ${name}`, async ({ open }) => {
    const person = await open({ storageState: sessions[who], sound, viewport })
    for (const address of failing) person.expectFailure(address)
    const page = await person.newTab()
    await prepare?.(page, open)
    await page.goto(path)
    await page.getByRole('heading', { level: 1 }).first().waitFor()
    await show(page, open)
    await inspect(page, `${who} ${name}`, { folder, isStill: isStill && (() => isStill(page)), mayLoad, within })
  })
}

const see = (testid) => (page) => page.getByTestId(testid).first().waitFor()
const press = (testid, thenSee) => async (page) => {
  await page.getByTestId(testid).first().click()
  await see(thenSee)(page)
}
/** Searches for what is nowhere. */
const searchInVain = async (page) => {
  await page.getByTestId('search').fill('zzzzzz')
  await page.getByRole('main').getByRole('button').last().waitFor()
  await page.getByTestId('material-card').or(page.getByTestId('user-row')).first().waitFor({ state: 'detached' })
}
/** Opens the first material of the list. */
const openMaterial = async (page) => {
  await page.getByTestId('material-card').first().getByRole('link').first().click()
  await see('material-detail')(page)
}
const isDrawn = (locator) => async (page) => (await locator(page).first().getAttribute('data-drawn')) === 'true'
const chartsAreDrawn = isDrawn((page) => page.getByTestId('chart'))
const pdfIsDrawn = isDrawn((page) => page.locator('[data-testid="pdf-canvas"][data-page="1"]'))
/** Requests that never come back, or come back refused. */
const block = (pattern, answer) => (page) => page.route(pattern, answer)
const hang = () => undefined
const refuse = (route) => route.abort('connectionrefused')
const breakDown = (route) =>
  route.fulfill({
    status: 500,
    contentType: 'application/problem+json',
    body: JSON.stringify({ code: 'internal', title: 'Internal', status: 500 }),
  })

/** Everything a booking needs, but not sent. */
const bookAlmost = async (page) => {
  await page.getByTestId('counsellor-card').first().click()
  await press('slot', 'booking-summary')(page)
  await page.getByTestId('topic-idea').first().click()
}
/** Answers a booking as if somebody else had been faster. */
const beTooLate = (page) => async (route) => {
  const starts = await page.getByTestId('slot').evaluateAll((slots) => slots.slice(-3).map((slot) => slot.dataset.startsAt))
  const body = JSON.stringify({
    code: 'appointments.slot_taken',
    status: 409,
    alternatives: starts.map((at) => ({ starts_at: at, ends_at: at })),
  })
  await route.fulfill({ status: 409, contentType: 'application/problem+json', body })
}

state('nobody', 'login', '/login')
state(
  'nobody',
  'login refused',
  '/login',
  async (page) => {
    await page.getByTestId('login').fill('siswa1')
    await page.getByTestId('password').fill('bukan-ini')
    await press('submit', 'login-error')(page)
  },
  { failing: [/\/auth\/login$/] },
)
state('nobody', 'login incomplete', '/login', (page) => page.getByTestId('submit').click())
state('nobody', 'help', '/login', async (page) => {
  await page.getByTestId('help').click()
  await page.getByRole('dialog').waitFor()
})
state('nobody', 'unknown page', '/tidak-ada', undefined, { failing: [/\/tidak-ada$/] })
state('nobody', 'description of the API', '/api/docs')
state('nobody', 'description of the API, opened', '/api/docs', (page) =>
  page.evaluate(() =>
    document.querySelectorAll('details').forEach((details) => {
      details.open = true
    }),
  ),
)
state('nobody', 'server away', '/student/materi', undefined, { prepare: block('**/api/v1/auth/me', refuse) })

state('student', 'dashboard', '/student/dashboard', see('material-card'))
state('student', 'dashboard loading', '/student/dashboard', undefined, {
  prepare: block('**/api/v1/dashboard/student', hang),
  mayLoad: true,
})
state('student', 'dashboard failed', '/student/dashboard', (page) => page.getByRole('alert').waitFor(), {
  prepare: block('**/api/v1/dashboard/student', breakDown),
  failing: [/\/dashboard\/student$/],
})
state(
  'student',
  'offline banner',
  '/student/materi',
  async (page) => {
    await see('material-card')(page)
    await see('connection-banner')(page)
  },
  { prepare: block('**/api/v1/realtime', refuse), failing: [/\/realtime$/] },
)
state('student', 'materials', '/student/materi', see('material-card'))
state('student', 'materials loading', '/student/materi', see('skeleton'), {
  prepare: block(/\/api\/v1\/materials(\?|$)/, hang),
  mayLoad: true,
})
state('student', 'materials without a match', '/student/materi', searchInVain)
state('student', 'material text', '/student/materi', openMaterial)
state(
  'student',
  'material pdf',
  '/student/materi',
  async (page) => {
    await openMaterial(page)
    await page.getByTestId('tab-pdf').click()
  },
  { isStill: pdfIsDrawn },
)
state('student', 'material gone', '/student/materi/01900000-0000-7000-8000-000000000000', undefined, { failing: [/\/materials\/0190/] })
state('student', 'bell', '/student/materi', press('bell', 'notice'), { within: '[data-testid="bell-panel"]' })
state('student', 'notices', '/student/notices', see('notice'))
state(
  'student',
  'toast and sound question',
  '/student/materi',
  async (page, open) => {
    const counsellor = await open({ storageState: sessions.counsellor })
    const desktop = await counsellor.newTab()
    await desktop.goto('/guru/materi')
    await fillUpload(desktop, { title: 'Cara mencatat yang membuatmu ingat lebih lama', file: pdfFile(makePdf('Mencatat', 1)) })
    await desktop.getByTestId('upload-submit').click()
    await page.getByTestId('toast').getByRole('button').focus() // keeps it on the screen
    await see('sound-prompt')(page)
  },
  { sound: 'ask', within: '[role="status"]:has([data-testid="toast"]), [data-testid="sound-prompt"]' },
)
state('student', 'notices all read', '/student/notices', async (page) => {
  await page.getByTestId('read-all-page').click()
  await page.getByTestId('badge').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Belum dibaca', exact: true }).click()
  await page.getByTestId('notice').first().waitFor({ state: 'detached' })
})
state('student', 'appointments', '/student/appointments', see('appointment'))
state('student', 'appointments past', '/student/appointments', async (page) => {
  await page.getByTestId('tab-past').click()
  await untilEqual('the skeletons', 0, () => page.getByTestId('skeleton').count())
})
state('student', 'appointments loading', '/student/appointments', see('skeleton'), {
  prepare: block(/\/api\/v1\/appointments\?/, hang),
  mayLoad: true,
})
state('student', 'appointments failed', '/student/appointments', (page) => page.getByRole('main').getByRole('alert').first().waitFor(), {
  prepare: block(/\/api\/v1\/appointments\?/, breakDown),
  failing: [/\/appointments\?/],
})
state('student', 'appointment cancelled without a reason', '/student/appointments', async (page) => {
  await press('appointment-cancel', 'reason-form')(page)
  await page.getByTestId('reason-submit').click()
  await page.locator('[aria-invalid="true"]').first().waitFor()
})
state('student', 'appointment moved', '/student/appointments', async (page) => {
  await press('appointment-reschedule', 'reschedule-form')(page)
  await see('slot')(page)
})
state('student', 'booking', '/student/appointments/create', see('counsellor-card'))
state('student', 'booking filled', '/student/appointments/create', bookAlmost)
state(
  'student',
  'booking too late',
  '/student/appointments/create',
  async (page) => {
    await bookAlmost(page)
    await page.route('**/api/v1/appointments', beTooLate(page))
    await press('booking-submit', 'alternative')(page)
  },
  { failing: [/\/appointments$/] },
)
state('student', 'chat without a conversation', '/student/chat', see('new-conversation'))
state('talker', 'chat', '/student/chat', press('conversation', 'message'))
// A wide screen opens the first conversation by itself; a phone shows the list.
state('talker', 'chat list', '/student/chat', see('conversation'), { viewport: viewports[360] })
state('talker', 'chat loading', '/student/chat', see('skeleton'), { prepare: block(/\/api\/v1\/conversations\?/, hang), mayLoad: true })
state('talker', 'chat failed', '/student/chat', (page) => page.getByRole('navigation').getByRole('alert').first().waitFor(), {
  prepare: block(/\/api\/v1\/conversations\?/, breakDown),
  failing: [/\/conversations\?/],
})
state('talker', 'account with chat privacy', '/account', see('chat-hide_typing'))
state('student', 'chat, a new conversation', '/student/chat', press('new-conversation', 'new-conversation-form'))
const tell = (told) => ({ prepare: (page) => serveCompanion(page, told) })
const talk = [
  ...turnOf(1, 'Aku cemas menjelang ujian. Harus mulai dari mana?', { text: goodAnswer }),
  ...turnOf(2, 'Kalau tetap tidak bisa tidur?', {
    status: 'stopped',
    text: 'Coba matikan layar **30 menit** sebelum tidur. Kalau masih',
    versions: ['01930000-0000-7000-8000-000000000020', '01930000-0000-7000-8000-000000000021'],
  }),
]
state('student', 'companion, nothing asked yet', '/student/ai-companion', see('starter'))
state('talker', 'companion of the demo school', '/student/ai-companion', press('companion-thread', 'answer'))
state('student', 'companion, threads', '/student/ai-companion', see('companion-thread'), tell({ messages: talk }))
state(
  'student',
  'companion, a new thread without a model',
  '/student/ai-companion/new',
  see('starter'),
  tell({ info: { provider: 'offline', left_today: 3 } }),
)
state('student', 'companion', threadPath, see('version-label'), tell({ messages: talk }))
state('student', 'companion loading', threadPath, see('skeleton'), {
  prepare: async (page) => {
    await serveCompanion(page)
    await page.route(/\/companion\/threads\/0193/, hang)
  },
  mayLoad: true,
})
state(
  'student',
  'companion answering',
  threadPath,
  see('companion-stop'),
  tell({ messages: turnOf(1, 'Halo?', { status: 'streaming', text: 'Hai! Senang kamu **mampir' }) }),
)
state(
  'student',
  'companion thinking',
  threadPath,
  see('answer-thinking'),
  tell({ messages: turnOf(1, 'Halo?', { status: 'streaming', seq: 0 }) }),
)
state(
  'student',
  'companion failed',
  threadPath,
  see('answer-retry'),
  tell({ messages: turnOf(1, 'Halo?', { status: 'failed', error: { code: 'companion.unavailable', message: '' } }) }),
)
state(
  'student',
  'companion interrupted',
  threadPath,
  see('answer-retry'),
  tell({
    messages: turnOf(1, 'Ceritakan tentang jurusan psikologi', {
      status: 'interrupted',
      text: 'Di semester awal kamu akan',
      error: { code: 'companion.interrupted', message: '' },
    }),
  }),
)
state(
  'student',
  'companion, prepared reply',
  threadPath,
  see('answer-label'),
  tell({ info: { provider: 'offline' }, messages: turnOf(1, 'Halo?', { kind: 'offline', text: 'Hai.\n\n- baca materi\n- buat janji' }) }),
)
state(
  'student',
  'companion, help card',
  threadPath,
  see('help-card'),
  tell({ messages: turnOf(1, 'rasanya pengen hilang aja', { kind: 'help_card', help: helpCard }) }),
)
state(
  'student',
  'companion, part withheld',
  threadPath,
  see('help-card'),
  tell({ messages: turnOf(1, 'Ceritakan sesuatu', { text: 'Baik.', error: { code: 'companion.withheld', message: '' }, help: helpCard }) }),
)
state(
  'student',
  'companion, limit of the day',
  threadPath,
  async (page) => {
    await page.getByTestId('companion-text').fill('Satu lagi ya')
    await press('companion-send', 'companion-limit')(page)
  },
  {
    ...tell({ messages: talk, refuse: { code: 'companion.daily_limit', status: 429, headers: { 'retry-after': '30000' } } }),
    failing: [/\/messages$/],
  },
)
state(
  'student',
  'companion, question not sent',
  threadPath,
  async (page) => {
    await page.route(/\/threads\/[^/]+\/messages$/, refuse)
    await page.getByTestId('companion-text').fill('Satu lagi ya')
    await press('companion-send', 'outgoing-again')(page)
  },
  { ...tell({ messages: talk }), failing: [/\/messages$/] },
)
state('student', 'companion, hand-over', threadPath, press('hand-over', 'hand-over-form'), tell({ messages: talk }))
state(
  'student',
  'companion, rename',
  threadPath,
  async (page) => {
    await page.getByTestId('companion-menu').getByRole('button').click()
    await press('menu-rename', 'rename-form')(page)
  },
  tell({ messages: talk }),
)
state('student', 'companion gone', '/student/ai-companion/01900000-0000-7000-8000-000000000000', see('companion-gone'), {
  failing: [/\/threads\/0190/],
})
state('student', 'account', '/account', see('session-row'))
state('student', 'forbidden', '/guru/dashboard', async (page) => {
  await page.waitForURL('**/403')
  await page.reload()
  await page.getByText('403', { exact: true }).waitFor()
})

state('counsellor', 'dashboard', '/guru/dashboard', see('chart'), { isStill: chartsAreDrawn })
state('counsellor', 'dashboard loading', '/guru/dashboard', see('skeleton'), {
  prepare: block('**/api/v1/dashboard/counsellor', hang),
  mayLoad: true,
})
state('counsellor', 'dashboard table', '/guru/dashboard', (page) => page.locator('summary').click(), { isStill: chartsAreDrawn })
state('counsellor', 'materials', '/guru/materi', see('material-card'))
state('counsellor', 'material preview', '/guru/materi', press('material-preview', 'material-detail'))
state('counsellor', 'upload', '/guru/materi', press('upload-open', 'upload-form'))
state('counsellor', 'upload incomplete', '/guru/materi', async (page) => {
  await press('upload-open', 'upload-form')(page)
  await page.getByTestId('upload-submit').click()
})
state('counsellor', 'upload under way', '/guru/materi', async (page) => {
  await page.route(/\/api\/v1\/materials$/, hang)
  await fillUpload(page, {
    title: 'Mengatur waktu',
    file: pdfFile(makePdf('Waktu', 1), 'lembar kerja mengatur waktu belajar di rumah.pdf'),
  })
  await press('upload-submit', 'upload-progress')(page)
})
state('counsellor', 'upload done', '/guru/materi', async (page) => {
  await fillUpload(page, { title: 'Mengatur waktu', file: pdfFile(makePdf('Waktu', 1)) })
  await press('upload-submit', 'upload-done')(page)
})
/** Cancels an upload that never ends; `answer` is what the server says when it is asked what became of it. */
const cancelUpload = (answer, thenSee) => async (page) => {
  await page.route(/\/api\/v1\/materials$/, (route) => {
    if (route.request().method() !== 'POST') return route.fallback()
    return route.request().postData() ? hang() : answer(route)
  })
  await fillUpload(page, { title: 'Mengatur waktu', file: pdfFile(makePdf('Waktu', 1)) })
  await press('upload-submit', 'upload-progress')(page)
  await press('upload-cancel', thenSee)(page)
}
state(
  'counsellor',
  'upload cancelled too late',
  '/guru/materi',
  cancelUpload(async (route) => {
    const [stored] = (await (await route.request().frame().page().request.get('/api/v1/materials')).json()).items
    await route.fulfill({ status: 201, json: stored })
  }, 'upload-late'),
)
state(
  'counsellor',
  'upload cancelled, unknown whether it is stored',
  '/guru/materi',
  cancelUpload((route) => route.fulfill({ status: 403, json: { code: 'forbidden', status: 403 } }), 'upload-unknown'),
  { failing: [/\/materials$/] },
)
state('counsellor', 'edit', '/guru/materi', press('material-edit', 'edit-form'))
state('counsellor', 'delete', '/guru/materi', press('material-delete', 'confirm'))
state('counsellor', 'appointments', '/guru/appointments', async (page) => {
  await untilEqual('the skeletons', 0, () => page.getByTestId('skeleton').count())
  await page.getByTestId('week-next').click()
  await untilEqual('the skeletons', 0, () => page.getByTestId('skeleton').count())
})
state('counsellor', 'availability', '/guru/availability', see('weekday'))
state('counsellor', 'availability changed', '/guru/availability', async (page) => {
  await page.getByTestId('rule-remove').first().click()
  await see('save-bar')(page)
})
state('counsellor', 'special date', '/guru/availability', press('exception-add', 'exception-form'))
state('counsellor', 'chat', '/guru/chat', press('conversation', 'message'))
state('counsellor', 'appointment, choosing a student', '/guru/appointments', press('book-for-open', 'student'))
state('counsellor', 'appointment, no such student', '/guru/appointments', async (page) => {
  await press('book-for-open', 'student')(page)
  await page.getByTestId('search').fill('zzzzzz')
  await page.getByTestId('student').first().waitFor({ state: 'detached' })
})
state('counsellor', 'appointment for a student', '/guru/appointments', async (page) => {
  await press('book-for-open', 'student')(page)
  await press('student', 'slot')(page)
})
state('counsellor', 'chat, handing over', '/guru/chat', async (page) => {
  await press('conversation', 'message')(page)
  await page.getByTestId('thread-menu').getByRole('button').click()
  await press('menu-transfer', 'transfer-form')(page)
})
state(
  'counsellor',
  'chat queue',
  '/guru/chat',
  async (page) => {
    await page.getByTestId('chat-tab-waiting').click()
    await untilEqual('the skeletons', 0, () => page.getByTestId('skeleton').count())
  },
  { viewport: viewports[360] },
)
state('counsellor', 'chat list', '/guru/chat', see('conversation'), { viewport: viewports[360] })
const alerts = [
  alertOf(1, { count: 3 }),
  alertOf(2, { student: { id: 'b', name: 'Dimas Aditya' }, acknowledge_by: new Date(Date.now() + 20_000).toISOString() }),
  alertOf(3, { student: { id: 'c', name: 'Citra Dewi' }, escalated_at: new Date().toISOString() }),
  alertOf(4, { level: 2, acknowledge_by: null, student: { id: 'd', name: 'Budi Santoso' }, excerpt: 'semua orang di kelas benci aku' }),
  alertOf(5, { state: 'acknowledged', acknowledged_at: new Date().toISOString(), acknowledged_by: { id: 'x', name: 'Rina Marlina' } }),
]
state('counsellor', 'alerts', '/guru/alerts', see('alert'), { prepare: (page) => serveAlerts(page, alerts) })
state('counsellor', 'alerts, all', '/guru/alerts', press('alerts-tab-all', 'alert-handled'), {
  prepare: (page) => serveAlerts(page, alerts),
})
state('counsellor', 'alerts, none open', '/guru/alerts', see('alerts-empty'), { prepare: (page) => serveAlerts(page, []) })
state('counsellor', 'alerts failed', '/guru/alerts', (page) => page.getByRole('alert').waitFor(), {
  prepare: block(/\/api\/v1\/alerts/, breakDown),
  failing: [/\/alerts/],
})
state('counsellor', 'no notices', '/guru/notices')

state('admin', 'audit trail', '/admin/audit', see('audit-row'))
state('admin', 'audit trail narrowed', '/admin/audit?kind=session', see('audit-row'))
state('admin', 'audit trail empty', '/admin/audit?kind=hotlines', async (page) => page.getByText('Tidak ada catatan').waitFor())
state('admin', 'system', '/admin/system', see('system-part'))
state('admin', 'system with a part missing', '/admin/system', see('system-part'), {
  prepare: (page) =>
    page.route('**/api/v1/admin/system', async (route) => {
      const response = await route.fetch()
      const report = await response.json()
      Object.assign(report.parts[2], { kind: 'redis', status: 'disconnected', latency_ms: null })
      await route.fulfill({ response, json: { ...report, log: null, webhooks: { waiting: 31, dead: 4 } } })
    }),
})
state('admin', 'system error', '/admin/system', (page) => page.getByRole('main').getByRole('alert').waitFor(), {
  failing: [/\/admin\/system$/],
  prepare: block('**/api/v1/admin/system', breakDown),
})
state('admin', 'users', '/admin/users', see('user-row'))
state('admin', 'users without a match', '/admin/users', searchInVain)
state('admin', 'create a user', '/admin/users', press('user-create-open', 'user-create-form'))
state(
  'admin',
  'create a user incomplete',
  '/admin/users',
  async (page) => {
    await press('user-create-open', 'user-create-form')(page)
    await page.getByTestId('user-submit').click()
    await page.locator('[aria-invalid="true"]').first().waitFor()
  },
  { failing: [/\/users$/] },
)
state('admin', 'reset a password', '/admin/users', press('user-reset', 'reset-form'))
state('admin', 'disable a user', '/admin/users', press('user-toggle', 'confirm'))

state('admin', 'alerts', '/admin/alerts', see('alert'), {
  prepare: (page) =>
    serveAlerts(
      page,
      alerts.map((alert) => ({ ...alert, excerpt: null })),
    ),
})
state('admin', 'help card', '/admin/help', see('hotline-row'))
state('admin', 'help card incomplete', '/admin/help', async (page) => {
  await press('hotline-add', 'hotlines-bar')(page)
  await page.getByTestId('hotlines-save').click()
  await page.locator('[aria-invalid="true"]').first().waitFor()
})
state('admin', 'help card left with changes', '/admin/help', async (page) => {
  await press('hotline-add', 'hotlines-bar')(page)
  await page.locator('nav a[href="/admin/users"]:visible').click()
  await page.getByRole('dialog').waitFor()
})

const appPath = `/admin/apps/${portal.id}`
const withApps = { prepare: (page) => serveApps(page) }
state('admin', 'apps', '/admin/apps', see('app-row'), withApps)
state('admin', 'apps of the demo school', '/admin/apps', see('app-row'))
state('admin', 'apps, none', '/admin/apps', see('apps-empty'), { prepare: (page) => serveApps(page, []) })
state('admin', 'apps loading', '/admin/apps', see('skeleton'), { prepare: block(/\/api\/v1\/admin\/apps$/, hang), mayLoad: true })
state('admin', 'apps failed', '/admin/apps', (page) => page.getByRole('alert').waitFor(), {
  prepare: block(/\/api\/v1\/admin\/apps$/, breakDown),
  failing: [/\/apps$/],
})
state('admin', 'connect an app', '/admin/apps', press('app-create-open', 'app-create-form'), withApps)
state(
  'admin',
  'connect an app, wrong',
  '/admin/apps',
  async (page) => {
    await press('app-create-open', 'app-create-form')(page)
    await page.getByTestId('app-origins').fill('portal.example')
    await page.getByTestId('app-limits').locator('summary').click()
    await page.getByTestId('app-limit-payload_bytes').fill('0')
    await page.getByTestId('app-submit').click()
    await page.locator('[aria-invalid="true"]').first().waitFor()
  },
  withApps,
)
state('admin', 'app connected, its secret', '/admin/apps', async (page) => {
  await press('app-create-open', 'app-create-form')(page)
  await page.getByTestId('app-name').fill('Portal Absensi')
  await press('app-submit', 'app-secret')(page)
})
state('admin', 'app', appPath, see('live-connections'), withApps)
state('admin', 'app loading', appPath, see('skeleton'), { prepare: block(/\/api\/v1\/admin\/apps\/1/, hang), mayLoad: true })
state('admin', 'app gone', '/admin/apps/99', see('app-gone'), { failing: [/\/apps\/99$/] })
state('admin', 'app settings', `${appPath}/settings`, see('app-rotate'), withApps)
state(
  'admin',
  'app settings, wrong',
  `${appPath}/settings`,
  async (page) => {
    await page.getByTestId('app-limit-connections').fill('banyak')
    await page.getByTestId('app-save').click()
    await page.locator('[aria-invalid="true"]').first().waitFor()
  },
  withApps,
)
state(
  'admin',
  'app settings, a colleague was faster',
  `${appPath}/settings`,
  async (page) => {
    await page.getByTestId('app-name').fill('Portal')
    await page.route(/\/admin\/apps\/10000001$/, (route) =>
      route.request().method() === 'PATCH'
        ? route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ code: 'conflict', status: 409 }) })
        : route.fallback(),
    )
    await press('app-save', 'app-overtaken')(page)
  },
  { ...withApps, failing: [/\/apps\/10000001$/] },
)
state('admin', 'app settings, disabling', `${appPath}/settings`, press('app-disable', 'confirm'), withApps)
state('admin', 'app settings, rotating', `${appPath}/settings`, press('app-rotate', 'confirm'), withApps)
state('admin', 'app of the settings', '/admin/apps/1001/settings', see('app-read-only'))
state(
  'admin',
  'app webhooks',
  `${appPath}/webhooks`,
  async (page) => {
    await see('webhook')(page)
    await page.getByTestId('dead-select').first().click()
    await page.getByTestId('dead-letter').first().locator('summary').click()
  },
  withApps,
)
state('admin', 'app without webhooks', '/admin/apps/10000002/webhooks', see('dead-none'), {
  prepare: (page) => serveApps(page, apps, { letters: [], standing: [] }),
})
state(
  'admin',
  'app webhook, wrong',
  `${appPath}/webhooks`,
  async (page) => {
    await press('webhook-add', 'webhook-form')(page)
    await page.getByTestId('webhook-save').click()
    await page.locator('[aria-invalid="true"]').first().waitFor()
  },
  withApps,
)
state('admin', 'app console, waiting', '/admin/apps/1001/console', (page) =>
  page.locator('[data-testid="console"][data-state="watching"]').waitFor(),
)
state('admin', 'app console', '/admin/apps/1001/console', async (page) => {
  await page.locator('[data-testid="console"][data-state="watching"]').waitFor()
  const backend = connectBackend(new URL(page.url()).port)
  const socket = await backend.openSocket()
  await socket.subscribe('presence-kelas.7a', 'siswa1')
  await backend.trigger('presence-kelas.7a', 'nilai-baru', {
    mata_pelajaran: 'Matematika',
    nilai: 92,
    catatan: 'Bagus sekali, pertahankan!',
  })
  await backend.trigger('pengumuman', 'ruang/diganti', 'Ruang 3')
  await page.locator('[data-kind="api_event"]').nth(1).waitFor()
  socket.close()
  await page.locator('[data-kind="disconnected"]').waitFor()
  await page.locator('[data-kind="api_event"]').first().getByRole('button').first().click()
  await see('console-detail')(page)
})
state('admin', 'app console, nothing matches', '/admin/apps/1001/console', async (page) => {
  await page.locator('[data-testid="console"][data-state="watching"]').waitFor()
  await connectBackend(new URL(page.url()).port).trigger('pengumuman', 'halo', {})
  await page.locator('[data-kind="api_event"]').first().waitFor()
  await page.getByTestId('console-text').fill('zzzzzz')
  await see('console-unfilter')(page)
})
state('admin', 'app console failed', '/admin/apps/1001/console', see('console-error'), {
  prepare: block(/\/console$/, (route) => (route.request().method() === 'POST' ? breakDown(route) : route.fallback())),
  failing: [/\/console$/],
})
state('admin', 'app console, event wrong', '/admin/apps/1001/console', async (page) => {
  await page.getByTestId('event-channels').fill('ruang/3')
  await page.getByTestId('event-name').fill('')
  await page.getByTestId('event-send').click()
  await page.locator('[aria-invalid="true"]').first().waitFor()
})

/** English words are longer in places. */
const walks = {
  student: [
    '/student/dashboard',
    '/student/materi',
    '/student/appointments',
    '/student/appointments/create',
    '/student/chat',
    '/student/ai-companion',
    '/student/ai-companion/new',
    '/student/notices',
    '/account',
    '/403',
  ],
  counsellor: [
    '/guru/dashboard',
    '/guru/materi',
    '/guru/appointments',
    '/guru/availability',
    '/guru/chat',
    '/guru/alerts',
    '/guru/notices',
  ],
  admin: [
    '/admin/users',
    '/admin/alerts',
    '/admin/apps',
    '/admin/apps/1001',
    '/admin/apps/1001/settings',
    '/admin/apps/1001/webhooks',
    '/admin/apps/1001/console',
    '/admin/help',
    '/admin/notices',
  ],
}
for (const [who, paths] of Object.entries(walks)) {
  scenario(`${who}: every page fits a phone in English too`, async ({ open }) => {
    const person = await open({ storageState: sessions[who], locale: 'en', viewport: viewports[360] })
    const page = await person.newTab()
    for (const path of paths) {
      await page.goto(path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await untilEqual('the skeletons', 0, () => page.getByTestId('skeleton').count())
      await untilEqual('the language', 'en', () => page.locator('html').getAttribute('lang'))
      assert.deepEqual(await page.evaluate(findTooWide), [], path)
    }
  })
}
