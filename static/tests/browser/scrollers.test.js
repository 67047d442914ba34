// Every page with a scroller: what scrolls stays inside its scroller, and the page is never taller than the window.
import assert from 'node:assert/strict'
import { connectBackend } from './support/appClient.js'
import { viewports } from './support/browser.js'
import { serveCompanion, threadPath, turnOf } from './support/companionSamples.js'
import { openDesk } from './support/desk.js'
import { findEscaped } from './support/inspection.js'
import { untilEqual } from './support/patience.js'

const { scenario, sessionOf } = await openDesk()

/** Low windows, so that a few rows are more than a screen. */
const windows = [
  { width: 360, height: 380 },
  { width: 1280, height: 400 },
]

const sessions = {
  student: await sessionOf('siswa5'),
  talker: await sessionOf('siswa1'),
  counsellor: await sessionOf('guru1'),
  admin: await sessionOf('admin'),
}

/** Opens the page at `path` and looks at it in every window after `show`; `scroller` is the test id of what has more than a screen to scroll. */
function page(who, name, path, show, { prepare, scroller } = {}) {
  scenario(`${who}: ${name}`, async ({ open }) => {
    const person = await open({ storageState: sessions[who] })
    const tab = await person.newTab()
    await prepare?.(tab)
    for (const size of windows) {
      await tab.setViewportSize(viewports[size.width])
      await tab.goto(path)
      await show(tab)
      await tab.setViewportSize(size)
      await untilEqual('the skeletons', 0, () => tab.getByTestId('skeleton').count())
      if (scroller)
        await untilEqual('more than a screen', true, () => tab.getByTestId(scroller).evaluate((box) => box.scrollHeight > box.clientHeight))
      await untilEqual('what escapes at rest', '', async () => (await tab.evaluate(findEscaped)).join('\n'))
      // Nor does the page scroll when the wheel turns, or the keys say so.
      await tab.mouse.move(size.width / 2, size.height / 2)
      await tab.mouse.wheel(0, 5_000)
      await tab.keyboard.press('End')
      assert.deepEqual(await tab.evaluate(findEscaped), [], `${size.width} px`)
    }
  })
}

const see = (testid) => (tab) => tab.getByTestId(testid).first().waitFor()
const openFirst = (testid, thenSee) => async (tab) => {
  // A wide screen opens the first by itself.
  await tab.getByTestId(testid).or(tab.getByTestId(thenSee)).first().waitFor()
  if ((await tab.getByTestId(thenSee).count()) === 0) await tab.getByTestId(testid).first().click()
  await see(thenSee)(tab)
}
const manyTurns = Array.from({ length: 30 }, (_, index) =>
  turnOf(index + 1, `Pertanyaan ${index + 1}`, { text: 'Baik.\n\n- satu\n- dua\n- tiga' }),
).flat()
const manyThreads = Array.from({ length: 40 }, (_, index) => ({
  id: `01930000-0000-7000-8000-${String(index).padStart(12, '0')}`,
  title: `Cerita ${index}`,
  created_at: new Date().toISOString(),
  last_message_at: new Date().toISOString(),
}))

page('talker', 'chat', '/student/chat', openFirst('conversation', 'message'), { scroller: 'thread-scroller' })
page('counsellor', 'chat', '/guru/chat', openFirst('conversation', 'message'), { scroller: 'thread-scroller' })
page('student', 'companion', threadPath, see('answer'), {
  prepare: (tab) => serveCompanion(tab, { messages: manyTurns }),
  scroller: 'companion-scroller',
})
page(
  'student',
  'companion, a new thread',
  '/student/ai-companion/new',
  async (tab) => {
    await see('starter')(tab)
    // The list has a welcome of its own only where it is alone on the screen.
    await untilEqual('the skeletons', 0, () => tab.getByTestId('skeleton').count())
    await untilEqual('the welcomes', 1, () => tab.getByTestId('companion-welcome').count())
  },
  { scroller: 'companion-scroller' },
)
page(
  'student',
  'companion, threads',
  '/student/ai-companion',
  (tab) => tab.getByTestId('companion-thread').first().waitFor({ state: 'attached' }),
  {
    prepare: (tab) => serveCompanion(tab, { threads: manyThreads }),
  },
)
page(
  'admin',
  'app console',
  '/admin/apps/1001/console',
  async (tab) => {
    await tab.locator('[data-testid="console"][data-state="watching"]').waitFor()
    const backend = connectBackend(new URL(tab.url()).port)
    for (let number = 1; number <= 20; number += 1) await backend.trigger('pengumuman', 'ruang/diganti', { nomor: number })
    await tab.getByTestId('console-line').nth(19).waitFor()
  },
  { scroller: 'console-log' },
)
page('counsellor', 'week', '/guru/appointments', (tab) => tab.getByRole('heading', { level: 1 }).first().waitFor())
page('counsellor', 'dashboard', '/guru/dashboard', see('chart'))
page('counsellor', 'upload dialog', '/guru/materi', async (tab) => {
  await tab.getByTestId('upload-open').click()
  await see('upload-form')(tab)
})
page('student', 'bell', '/student/materi', async (tab) => {
  await tab.getByTestId('bell').click()
  await see('notice')(tab)
})
page('student', 'material pdf', '/student/materi', async (tab) => {
  await tab.getByTestId('material-card').first().getByRole('link').first().click()
  await see('material-detail')(tab)
  await tab.getByTestId('tab-pdf').click()
  await see('pdf-viewer')(tab)
})
