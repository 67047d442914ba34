// A student books, another one is a moment too late, a counsellor answers; everybody sees it without reloading.
import assert from 'node:assert/strict'
import { openDesk } from './support/desk.js'
import { until, untilEqual } from './support/patience.js'

const { scenario, sessionOf } = await openDesk()

async function openPage(open, login, path) {
  const person = await open({ storageState: await sessionOf(login) })
  const page = await person.newTab()
  await page.goto(path)
  await page.getByRole('heading', { level: 1 }).waitFor()
  return { person, page }
}

/** The second day with free times: on the first, which may be today, hardly any may be left. */
async function secondFreeDayOf(picker) {
  await picker.getByTestId('slot').first().waitFor()
  return picker.locator('[data-testid="date"]:not([aria-disabled])').nth(1).getAttribute('data-day')
}

/** Waits until the times that are shown are those of `day`: the ones before leave a moment later. */
async function untilTimesOf(picker, day) {
  const chosen = picker.locator(`[data-testid="date"][data-day="${day}"][aria-pressed="true"]`)
  await chosen.waitFor()
  await until(
    `the times of ${day}`,
    async () => Number(await chosen.getAttribute('data-count')) === (await picker.getByTestId('slot').count()),
  )
}

/** Chooses the second free day of a page or form to pick times from. */
async function chooseDay(picker) {
  const day = await secondFreeDayOf(picker)
  await picker.locator(`[data-testid="date"][data-day="${day}"]`).click()
  await untilTimesOf(picker, day)
}

/** Opens the booking page at the second free day of the counsellor with this name, or of the first one. */
async function openBooking(open, login, counsellorName = '') {
  const { person, page } = await openPage(open, login, '/student/appointments/create')
  await page.getByTestId('counsellor-card').filter({ hasText: counsellorName }).first().click()
  await chooseDay(page)
  return { person, page }
}

const dayAfter = (day) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
const slotsOf = (page) => page.getByTestId('slot').evaluateAll((slots) => slots.map((slot) => slot.dataset.startsAt))

scenario('a booking is made, confirmed, moved and cancelled in front of both', async ({ open }) => {
  const counsellor = await openPage(open, 'guru1', '/guru/appointments')
  const name = (await counsellor.person.context.request.get('/api/v1/auth/me').then((answer) => answer.json())).user.name
  const student = await openBooking(open, 'siswa12', name)
  await student.page.getByTestId('slot').last().click()
  await student.page.getByTestId('booking-topic').fill('Memilih jurusan')
  await student.page.getByTestId('booking-submit').click()
  const id = await student.page.getByTestId('booking-done').getAttribute('data-id')
  const ics = await student.person.context.request.get(`/api/v1/appointments/${id}.ics`)
  assert.match(await ics.text(), /BEGIN:VEVENT/)
  await student.page.getByTestId('booking-list').click()
  const card = student.page.locator(`[data-testid="appointment"][data-id="${id}"]`)
  const stateOf = () => card.getAttribute('data-state')
  await untilEqual('the state', 'requested', stateOf)

  const pending = counsellor.page.getByTestId('pending').locator(`[data-id="${id}"]`)
  await pending.getByTestId('appointment-confirm').click()
  await untilEqual('the state', 'confirmed', stateOf)
  await pending.waitFor({ state: 'detached' })

  await card.getByTestId('appointment-reschedule').click()
  await student.page.getByTestId('reschedule-form').getByTestId('slot').first().click()
  await student.page.getByTestId('reschedule-submit').click()
  await untilEqual('the state', 'rescheduled', stateOf)
  await pending.getByTestId('appointment-cancel').click()
  await counsellor.page.getByTestId('reason-submit').click()
  await counsellor.page.locator('[aria-invalid="true"]').waitFor()
  await counsellor.page.getByTestId('quick-reason').first().click()
  await counsellor.page.getByTestId('reason-submit').click()
  // In one look: it may leave between two.
  const statesOf = () => card.evaluateAll((cards) => cards.map(({ dataset }) => dataset.state))
  await until('the appointment to leave what is to come', async () => (await statesOf()).every((state) => state === 'cancelled'))
  await student.page.getByTestId('tab-past').click()
  await untilEqual('the state in the history', 'cancelled', stateOf)
  const withdrawal = await student.person.context.request.get(await card.getByTestId('ics').getAttribute('href'))
  assert.match(await withdrawal.text(), /METHOD:CANCEL/)
})

scenario('a booking is made with the keyboard alone', async ({ open }) => {
  const { page } = await openPage(open, 'siswa11', '/student/appointments/create')
  await page.getByTestId('counsellor-card').first().waitFor()
  const focused = () =>
    page.evaluate(() => {
      const { dataset, type } = document.activeElement
      return { testid: dataset.testid, day: dataset.day, startsAt: dataset.startsAt, type }
    })
  /** Tabs on until `wanted` holds for what has the focus. */
  const tabTo = async (what, wanted) => {
    for (let presses = 0; presses < 40; presses += 1) {
      if (wanted(await focused())) return
      await page.keyboard.press('Tab')
    }
    assert.fail(`Tab does not reach ${what}`)
  }
  await tabTo('the counsellors', ({ type }) => type === 'radio')
  const arrowTo = async (key, day) => {
    await page.keyboard.press(key)
    await untilEqual('the day', day, async () => (await focused()).day)
  }
  await page.keyboard.press('Space')
  const wanted = await secondFreeDayOf(page)
  await tabTo('the dates', ({ testid }) => testid === 'date')
  for (let { day } = await focused(); day < wanted;) await arrowTo('ArrowRight', (day = dayAfter(day)))
  await arrowTo('ArrowRight', dayAfter(wanted))
  await arrowTo('ArrowLeft', wanted)
  await page.keyboard.press('Enter')
  await untilTimesOf(page, wanted)
  await tabTo('the times', ({ testid }) => testid === 'slot')
  const first = (await focused()).startsAt
  await page.keyboard.press('ArrowRight')
  await until('the next time', async () => (await focused()).startsAt !== first)
  await page.keyboard.press('Space')
  await tabTo('the topic', ({ testid }) => testid === 'booking-topic')
  await page.keyboard.type('Lewat papan ketik')
  await tabTo('the button', ({ testid }) => testid === 'booking-submit')
  await page.keyboard.press('Enter')
  await page.getByTestId('booking-done').waitFor()
})

scenario('a counsellor looks a student up, books for them, and the student agrees', async ({ open }) => {
  const { page } = await openPage(open, 'guru3', '/guru/appointments')
  await page.getByTestId('book-for-open').click()
  await page.getByTestId('search').fill('siswa10')
  await page.getByTestId('student').filter({ hasText: 'siswa10' }).click()
  const form = page.getByTestId('book-for-form')
  await chooseDay(form)
  await form.getByTestId('slot').first().click()
  await page.getByTestId('booking-topic').fill('Rencana semester depan')
  await page.getByTestId('book-for-submit').click()
  await form.waitFor({ state: 'detached' })

  const student = await openPage(open, 'siswa10', '/student/appointments')
  const card = student.page.getByTestId('appointment').filter({ hasText: 'Rencana semester depan' })
  await card.getByTestId('appointment-confirm').click()
  await untilEqual('the state', 'confirmed', () => card.getAttribute('data-state'))
})

scenario('free times change while others book, and who is too late gets other times at once', async ({ open }) => {
  const first = await openBooking(open, 'siswa13')
  const second = await openBooking(open, 'siswa14')
  const [wanted, other] = await slotsOf(first.page)
  const day = await first.page.locator('[data-testid="date"][aria-pressed="true"]').getAttribute('data-day')
  await second.page.locator(`[data-testid="date"][data-day="${day}"]`).click()

  // A chosen time that somebody else takes is said to be gone.
  await second.page.locator(`[data-starts-at="${other}"]`).click()
  await bookBySide(first.person, first.page, other, 'Lebih cepat')
  await second.page.getByTestId('slot-gone').waitFor()
  await untilEqual('the taken time', 0, () => second.page.locator(`[data-testid="slot"][data-starts-at="${other}"]`).count())

  // A lost race: the answer of the server comes before the news.
  second.person.expectFailure(/\/appointments$/)
  await second.page.locator(`[data-testid="slot"][data-starts-at="${wanted}"]`).click()
  await second.page.getByTestId('booking-topic').fill('Belajar')
  let isTaken = false
  await second.page.route('**/api/v1/appointments', async (route) => {
    if (!isTaken) await bookBySide(first.person, first.page, wanted, 'Lebih cepat lagi')
    isTaken = true
    await route.continue()
  })
  await second.page.getByTestId('booking-submit').click()
  await second.page.getByTestId('alternative').first().click()
  await second.page.getByTestId('booking-done').waitFor()
})

/** Books for another student's session by API, as a faster finger would. */
async function bookBySide(person, page, startsAt, topic) {
  const counsellor = await page.locator('[data-testid="counsellor-card"]:has(input:checked)').getAttribute('data-id')
  const answer = await person.context.request.post('/api/v1/appointments', {
    data: { counsellor_id: counsellor, starts_at: startsAt, topic, mode: 'onsite' },
    headers: { Origin: new URL(page.url()).origin },
  })
  assert.equal(answer.status(), 201, await answer.text())
}

scenario('a counsellor sees which bookings new hours would hit before they are saved', async ({ open }) => {
  const { page } = await openPage(open, 'guru2', '/guru/availability')
  const days = page.getByTestId('weekday')
  for (const index of [0, 1, 2, 3, 4]) {
    const toggle = days.nth(index).getByTestId('weekday-open')
    if (await toggle.isChecked()) await toggle.uncheck({ force: true })
  }
  await page.getByTestId('hits').waitFor()
  await page.getByTestId('availability-save').click()
  await page.getByTestId('hit').first().waitFor()
  await page.keyboard.press('Escape')
  await page.getByTestId('availability-discard').click()
  await page.getByTestId('save-bar').waitFor({ state: 'detached' })
})
