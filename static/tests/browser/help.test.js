// Help: one button at the same place of every page and for everybody, by keyboard, and without a connection. The day's limit does not touch it.
import assert from 'node:assert/strict'
import { viewports } from './support/browser.js'
import { ask, openCompanion, untilStatus } from './support/companion.js'
import { openDesk } from './support/desk.js'
import { comeToRest } from './support/inspection.js'
import { until, untilEqual } from './support/patience.js'

// A day's limit ends with the day: the school is where it is about noon now. The names of these zones count westwards.
const hoursFromNoon = new Date().getUTCHours() - 12
const noonZone = `Etc/GMT${hoursFromNoon < 0 ? '' : '+'}${hoursFromNoon}`
const { scenario, sessionOf } = await openDesk({ settings: ['companion.messages_per_day=1', `school.zone=${noonZone}`] })

const pages = {
  nobody: ['/login', '/tidak-ada'],
  siswa2: [
    '/student/dashboard',
    '/student/materi',
    '/student/ai-companion',
    '/student/ai-companion/new',
    '/student/appointments',
    '/student/appointments/create',
    '/student/chat',
    '/student/notices',
    '/account',
    '/403',
    '/tidak-ada',
  ],
  guru1: [
    '/guru/dashboard',
    '/guru/materi',
    '/guru/appointments',
    '/guru/availability',
    '/guru/chat',
    '/guru/alerts',
    '/guru/notices',
    '/account',
    '/403',
  ],
  admin: [
    '/admin/users',
    '/admin/alerts',
    '/admin/apps',
    '/admin/apps/1001',
    '/admin/apps/1001/console',
    '/admin/help',
    '/admin/notices',
    '/account',
    '/403',
  ],
}
for (const width of Object.keys(viewports)) {
  scenario(`the help button is at the same place of every page, ${width} px`, async ({ open }) => {
    const places = new Map()
    for (const [who, paths] of Object.entries(pages)) {
      const person = await open({ storageState: who === 'nobody' ? undefined : await sessionOf(who), viewport: viewports[width] })
      person.expectFailure(/tidak-ada$/)
      const page = await person.newTab()
      for (const path of paths) {
        await page.goto(path)
        await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' })
        // The button is as wide as its word in the school's font.
        await page.evaluate(comeToRest)
        const button = page.getByTestId('help')
        assert.equal(await button.count(), 1, path)
        const { x, y, width: wide, height } = await button.boundingBox()
        places.set(`${who} ${path}`, [x, y, wide, height].map(Math.round).join())
        // Nothing lies over it, and it covers no other control.
        const hit = await page.evaluate(
          ([left, top]) => document.elementFromPoint(left, top)?.closest('[data-testid]')?.dataset.testid,
          [x + wide / 2, y + height / 2],
        )
        assert.equal(hit, 'help', path)
        assert.deepEqual(await page.evaluate(findCovered), [], path)
      }
    }
    assert.equal(new Set(places.values()).size, 1, JSON.stringify([...places], null, 1))
  })
}

/** Controls whose middle lies under the help button. Runs in the page. */
function findCovered() {
  const help = document.querySelector('[data-testid="help"]')
  const box = help.getBoundingClientRect()
  return [...document.querySelectorAll('a[href], button, input, select, textarea')]
    .filter((control) => control !== help && control.checkVisibility({ visibilityProperty: true }))
    .map((control) => [control.getBoundingClientRect(), control.outerHTML.slice(0, 120)])
    .filter(
      ([{ left, right, top, bottom }]) =>
        right - left > 0 && left < box.right - 1 && right > box.left + 1 && top < box.bottom - 1 && bottom > box.top + 1,
    )
    .map(([, html]) => html)
}

scenario('the card opens by keyboard, gives the focus back, and is there without a connection', async ({ open }) => {
  const person = await open({ viewport: viewports[360] })
  person.expectFailure(/./)
  const page = await person.newTab()
  await page.goto('/login')
  await until('the card to be kept', () => page.evaluate(() => localStorage.getItem('educounsel.help.id') !== null))
  await page.getByTestId('help').focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  const online = await dialog.innerText()
  assert.match(online, /119/)
  assert.match(online, /129/)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await untilEqual('the focus', 'help', () => page.evaluate(() => document.activeElement?.dataset.testid))

  await person.context.setOffline(true)
  await page.keyboard.press('Space')
  await dialog.waitFor()
  assert.equal(await dialog.innerText(), online)
  await page.keyboard.press('Escape')
})

scenario('without a model prepared replies say so; the day’s limit is told kindly and leaves help alone', async ({ open }) => {
  const person = await open({ storageState: await sessionOf('siswa3'), viewport: viewports[360] })
  person.expectFailure(/\/messages$/)
  const page = await openCompanion(person)
  await page.getByTestId('companion-offline').waitFor()
  await ask(page, 'Aku gugup sebelum presentasi')
  await untilStatus(page, 'done')
  assert.equal(await page.getByTestId('answer').getAttribute('data-kind'), 'offline')
  assert.match(await page.getByTestId('answer-label').innerText(), /bukan model AI/)

  await page.getByTestId('companion-text').fill('Satu lagi, ya')
  await page.getByTestId('companion-send').click()
  const limit = page.getByTestId('companion-limit')
  await limit.waitFor()
  assert.match(await limit.innerText(), /mulai .*00\.00/)
  await limit.getByRole('link').first().waitFor()
  await page.getByTestId('outgoing-change').click()
  assert.equal(await page.getByTestId('companion-text').inputValue(), 'Satu lagi, ya')

  // Help is never used up.
  await page.getByTestId('companion-text').fill('aku mau bunuh diri malam ini')
  await page.getByTestId('companion-send').click()
  await page.getByTestId('help-card').waitFor()
  await page.getByTestId('help').click()
  await page.getByRole('dialog').getByTestId('hotline-call').first().waitFor()
})
