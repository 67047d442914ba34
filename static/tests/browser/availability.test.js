// A counsellor's hours: days off and extra hours, a day copied to others, and two tabs that change them at once.
import assert from 'node:assert/strict'
import { openDesk } from './support/desk.js'
import { untilEqual } from './support/patience.js'

const { scenario, sessionOf } = await openDesk()

async function openHours(person) {
  const page = await person.newTab()
  await page.goto('/guru/availability')
  await page.getByTestId('availability-form').waitFor()
  return page
}

/** Saves; when bookings are hit, the page asks first. */
async function save(page) {
  await page.getByTestId('availability-save').click()
  await page.getByTestId('save-bar').waitFor({ state: 'detached' })
}

/** A day so many days from now, as a date field takes it. */
const dayIn = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

const weekdayOf = (page, weekday) => page.locator(`[data-testid="weekday"][data-weekday="${weekday}"]`)
const hoursOf = (row) => row.getByTestId('rule-from').evaluateAll((fields) => fields.map((field) => field.value).join())

scenario('a day off and extra hours are added, kept and taken away', async ({ open }) => {
  const counsellor = await open({ storageState: await sessionOf('guru3') })
  const page = await openHours(counsellor)
  const [dayOff, extraDay] = [dayIn(45), dayIn(47)]
  const before = await page.getByTestId('exception').count()
  await page.getByTestId('exception-add').click()
  await page.getByTestId('exception-save').click()
  await page.locator('[data-testid="exception-date"][aria-invalid="true"]').waitFor()
  await page.getByTestId('exception-date').fill(dayOff)
  await page.getByTestId('exception-reason').fill('Pelatihan')
  await page.getByTestId('exception-save').click()
  await page.getByTestId('exception-form').waitFor({ state: 'detached' })

  await page.getByTestId('exception-add').click()
  await page.getByTestId('exception-date').fill(extraDay)
  await page.locator('label', { has: page.getByTestId('exception-kind-extra') }).click()
  await page.getByTestId('exception-from').fill('15')
  await page.getByTestId('exception-to').fill('14.30')
  await page.getByTestId('exception-save').click()
  await page.locator('[data-testid="exception-from"][aria-invalid="true"]').waitFor()
  await page.getByTestId('exception-to').fill('1730')
  await page.getByTestId('exception-to').press('ArrowUp')
  await page.getByTestId('exception-save').click()
  await page.getByTestId('exception-form').waitFor({ state: 'detached' })
  await save(page)

  await page.reload()
  await untilEqual('the exceptions', before + 2, () => page.getByTestId('exception').count())
  const extra = page.locator(`[data-testid="exception"][data-date="${extraDay}"]`)
  assert.match(await extra.textContent(), /15:00–17:3[05]/)
  await extra.getByTestId('exception-remove').click()
  await save(page)
  await page.reload()
  await untilEqual('the exceptions', before + 1, () => page.getByTestId('exception').count())
})

scenario('the hours of one day are copied to others', async ({ open }) => {
  const counsellor = await open({ storageState: await sessionOf('guru3') })
  const page = await openHours(counsellor)
  const saturday = weekdayOf(page, 6)
  await saturday.getByTestId('weekday-open').check({ force: true })
  await saturday.getByTestId('rule-from').first().fill('9')
  await saturday.getByTestId('rule-to').first().fill('1030')
  await saturday.getByTestId('rule-copy').click()
  for (const weekday of [1, 2, 3, 4, 5]) await page.getByTestId(`copy-${weekday}`).uncheck()
  assert.equal(await page.getByTestId('copy-submit').isDisabled(), true, 'to nowhere')
  await page.getByTestId('copy-7').check()
  await page.getByTestId('copy-submit').click()
  await untilEqual('the hours of Sunday', '09:00', () => hoursOf(weekdayOf(page, 7)))
  await save(page)
  await page.reload()
  await untilEqual('the hours of Sunday', '09:00', () => hoursOf(weekdayOf(page, 7)))
})

for (const [choice, weekday, expected] of [
  ['mine', 7, '10:15'],
  ['theirs', 6, '11:15'],
]) {
  scenario(`hours that another tab has changed meanwhile are not overwritten unasked: ${choice}`, async ({ open }) => {
    const counsellor = await open({ storageState: await sessionOf('guru2') })
    counsellor.expectFailure(/\/availability/)
    const [slow, quick] = [await openHours(counsellor), await openHours(counsellor)]
    for (const [page, from, to] of [
      [quick, '11:15', '11:55'],
      [slow, '10:15', '10:55'],
    ]) {
      const day = weekdayOf(page, weekday)
      if (!(await day.getByTestId('weekday-open').isChecked())) await day.getByTestId('weekday-open').check({ force: true })
      await day.getByTestId('rule-from').first().fill(from)
      await day.getByTestId('rule-to').first().fill(to)
      await day.getByTestId('rule-to').first().press('Tab')
    }
    await save(quick)
    await slow.getByTestId('availability-save').click()
    await slow.getByTestId(`conflict-${choice}`).click()
    await slow.getByTestId('save-bar').waitFor({ state: 'detached' })
    await slow.reload()
    await untilEqual('the hours', expected, () => hoursOf(weekdayOf(slow, weekday)))
  })
}
