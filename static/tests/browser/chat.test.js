// Two people talk: typing, arrived and read marks; one is offline for a while; a student comes from the queue; a conversation changes hands.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { viewports } from './support/browser.js'
import { openDesk } from './support/desk.js'
import { until, untilEqual } from './support/patience.js'
import { makePdf } from './support/pdf.js'

const { scenario, sessionOf } = await openDesk()

/** Opens somebody's chat page; `phone` as wide as one. */
async function openChat(open, login, { path, phone = false } = {}) {
  const person = await open({ storageState: await sessionOf(login), viewport: viewports[phone ? 360 : 1280] })
  const page = await person.newTab()
  await page.goto(path)
  await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' })
  return { person, page }
}

/** Starts a conversation of a student without another one and has the counsellor take it; both see it afterwards. */
async function startTalk(open, studentLogin, counsellorLogin, firstWords) {
  const student = await openChat(open, studentLogin, { path: '/student/chat', phone: true })
  const counsellor = await openChat(open, counsellorLogin, { path: '/guru/chat' })
  await waitInQueue(student.page, firstWords)
  await takeUntil(counsellor.page, firstWords)
  await untilEqual('the student to see who answers', 'open', () => student.page.getByTestId('thread').getAttribute('data-state'))
  return { student, counsellor }
}

async function waitInQueue(page, words) {
  await page.getByTestId('new-conversation').click()
  await page.getByTestId('new-message').fill(words)
  await page.getByTestId('new-submit').click()
  await page.getByTestId('waiting-notice').waitFor()
}

/** Waits until the messages that are shown are those of the conversation in the address, and not of the one before. */
async function untilOpen(page) {
  await until('the conversation to be open', async () =>
    page.url().endsWith(`/${await page.getByTestId('thread').getAttribute('data-id')}`),
  )
  await page.getByTestId('message').first().waitFor()
}

/** Waits until the page has opened the first conversation of its list by itself, if there is one. */
async function untilSettled(page) {
  const list = page.getByTestId('chat-list')
  await list.waitFor()
  await list.getByTestId('skeleton').waitFor({ state: 'detached' })
  if ((await list.getByTestId('conversation').count()) > 0) await untilOpen(page)
}

/** Does `act` and waits for what the server says to the request to `path` that comes of it. */
async function answerTo(page, path, act) {
  const isIt = (response) => response.request().method() !== 'GET' && response.url().endsWith(path)
  const [answer] = await Promise.all([page.waitForResponse(isIt), act()])
  return answer
}

/** Takes whoever waits until it is the one who said `words`: the demo school has a queue of its own. */
async function takeUntil(page, words) {
  await untilSettled(page)
  await until(`${words} to be taken`, async () => {
    const answer = await answerTo(page, '/conversations/next', () => page.getByTestId('take-next').click())
    const { id } = await answer.json()
    await until('the next conversation', () => page.url().endsWith(`/${id}`))
    await untilOpen(page)
    return (await page.getByTestId('message-body').allTextContents()).includes(words)
  })
}

async function say(page, words) {
  await page.getByTestId('composer-text').fill(words)
  await page.getByTestId('composer-send').click()
}

const bodiesOf = (page) => page.getByTestId('message-body').allTextContents()
const lastStateOf = (page) => page.getByTestId('message-state').last().getAttribute('data-state')
const presenceOf = (page) => page.getByTestId('thread-presence').getAttribute('data-presence')

scenario('a student from the queue and a counsellor talk, and see each other type and read', async ({ open }) => {
  const { student, counsellor } = await startTalk(open, 'siswa15', 'guru1', 'Boleh minta waktu sebentar, Bu?')
  await untilEqual('the presence', 'here', () => presenceOf(student.page))

  await counsellor.page.getByTestId('composer-text').pressSequentially('Tentu')
  await untilEqual('what the student sees', 'typing', () => presenceOf(student.page))
  await counsellor.page.keyboard.press('Enter')
  await student.page.getByTestId('message-body').filter({ hasText: 'Tentu' }).waitFor()
  await untilEqual('what the student sees after the message', 'here', () => presenceOf(student.page))
  await untilEqual('the mark', 'read', () => lastStateOf(counsellor.page))

  // Somewhere else the message arrives, but is not read.
  await counsellor.page.locator('a[href="/guru/materi"]').first().click()
  await counsellor.page.waitForURL('**/guru/materi')
  await say(student.page, 'Saya bingung memilih jurusan')
  // Under the pointer it stays until it has been counted.
  const toast = counsellor.page.locator('[data-testid="toast"][data-kind="chat"]')
  await toast.first().hover()
  await untilEqual('the mark', 'delivered', () => lastStateOf(student.page))
  await untilEqual('the number in the navigation', '1', async () =>
    (await counsellor.page.getByTestId('chat-badge').first().textContent())?.trim(),
  )
  await untilEqual('the toast', 1, () => toast.count())
  await toast.getByRole('link').click()
  await counsellor.page.getByTestId('new-divider').waitFor()
  await untilEqual('the mark', 'read', () => lastStateOf(student.page))
  await counsellor.page.getByTestId('chat-badge').first().waitFor({ state: 'detached' })
})

scenario('what a student writes offline arrives once and in order', async ({ open }) => {
  const { student, counsellor } = await startTalk(open, 'siswa16', 'guru2', 'Pak, saya di bus')
  student.person.expectFailure(/./)
  student.person.expectSocketFailure()
  await student.person.context.setOffline(true)
  await student.page.getByTestId('offline-sign').waitFor()
  const words = ['satu', 'dua', 'tiga'].map((number) => `ditulis di terowongan: ${number}`)
  for (const text of words) await say(student.page, text)
  await untilEqual('the waiting messages', 3, () => student.page.locator('[data-testid="outgoing"][data-state="queued"]').count())
  assert.equal((await bodiesOf(counsellor.page)).filter((text) => words.includes(text)).length, 0)

  await student.person.context.setOffline(false)
  await untilEqual('the messages', words.join('|'), async () =>
    (await bodiesOf(counsellor.page)).filter((text) => words.includes(text)).join('|'),
  )
  await untilEqual('the waiting messages', 0, () => student.page.getByTestId('outgoing').count())
  await student.page.getByTestId('offline-sign').waitFor({ state: 'detached' })
  assert.deepEqual(
    (await bodiesOf(student.page)).filter((text) => words.includes(text)),
    words,
  )
  await untilEqual('the mark', 'read', () => lastStateOf(student.page))
})

scenario('a line that breaks while both write loses nothing', async ({ open, openLine }) => {
  const line = await openLine()
  const { student, counsellor } = await startTalk(open, 'siswa17', 'guru3', 'Halo Bu, saya di rumah')
  const id = await student.page.getByTestId('thread').getAttribute('data-id')
  const other = await open({ port: line.port, storageState: await sessionOf('siswa17') })
  other.expectFailure(/./)
  other.expectSocketFailure()
  const phone = await other.newTab()
  await phone.goto(`/student/chat/${id}`)
  await phone.getByTestId('message').first().waitFor()

  line.cut()
  for (const number of [1, 2, 3]) await say(phone, `putus ${number}`)
  for (const number of [1, 2, 3]) await say(counsellor.page, `lancar ${number}`)
  await untilEqual(
    'what the counsellor said',
    3,
    async () => (await bodiesOf(student.page)).filter((text) => text.startsWith('lancar')).length,
  )
  line.mend()
  for (const page of [phone, student.page, counsellor.page]) {
    await untilEqual('the messages', 'putus 1|putus 2|putus 3', async () =>
      (await bodiesOf(page)).filter((text) => text.startsWith('putus')).join('|'),
    )
    await untilEqual('the answers', 'lancar 1|lancar 2|lancar 3', async () =>
      (await bodiesOf(page)).filter((text) => text.startsWith('lancar')).join('|'),
    )
  }
})

scenario('a message is edited and deleted for both', async ({ open }) => {
  const { student, counsellor } = await startTalk(open, 'siswa18', 'guru1', 'Bu, ada waktu?')
  await say(student.page, 'besok jam delapn')
  // Until the server has it, there is nothing to edit; least of all the message before it.
  await untilEqual('what is on its way', 0, () => student.page.getByTestId('outgoing').count())
  await student.page.getByTestId('composer-text').press('ArrowUp')
  await student.page.getByTestId('composer-editing').waitFor()
  await say(student.page, 'besok jam delapan')
  await counsellor.page.getByTestId('message-body').filter({ hasText: 'besok jam delapan' }).waitFor()
  await counsellor.page.getByTestId('message-edited').waitFor()

  await student.page.getByTestId('message-menu').getByRole('button').last().click()
  await student.page.getByTestId('menu-delete').click()
  await student.page.getByTestId('confirm').click()
  await counsellor.page.getByTestId('message-deleted').waitFor()
  assert.equal((await bodiesOf(counsellor.page)).includes('besok jam delapan'), false)
})

scenario('a conversation changes hands, and the former counsellor sees nothing more of it', async ({ open }) => {
  const { student, counsellor } = await startTalk(open, 'siswa19', 'guru1', 'Saya ingin pindah jurusan')
  const id = await counsellor.page.getByTestId('thread').getAttribute('data-id')
  const former = await counsellor.person.newTab()
  await former.goto(`/guru/chat/${id}`)
  await former.getByTestId('message').first().waitFor()

  await counsellor.page.getByTestId('thread-menu').getByRole('button').click()
  await counsellor.page.getByTestId('menu-transfer').click()
  await counsellor.page.getByTestId('transfer-to').selectOption({ index: 0 })
  await counsellor.page.getByTestId('transfer-note').fill('Sudah bicara dua kali tentang jurusan.')
  await counsellor.page.getByTestId('transfer-submit').click()
  await former.getByTestId('thread-gone').waitFor()
  assert.equal(await former.getByTestId('message').count(), 0)
  await say(student.page, 'Halo, saya siswa yang tadi')
  await student.page.getByTestId('message-state').last().waitFor()
  assert.equal(await former.getByText('siswa yang tadi').count(), 0)
})

/** Opens the first conversation of the list. */
async function openFirstConversation(page) {
  await page.getByTestId('conversation').first().click()
  await untilOpen(page)
}

scenario('prepared answers are made, used by a slash, changed and deleted', async ({ open }) => {
  const { page } = await openChat(open, 'guru1', { path: '/guru/chat' })
  await openFirstConversation(page)
  const box = page.getByTestId('composer-text')
  await box.pressSequentially('/')
  await page.getByTestId('canned-manage').click()
  await page.getByTestId('canned-new').click()
  await page.getByTestId('canned-shortcut').fill('Bukan Begini')
  await page.getByTestId('canned-save').click()
  await page.locator('[data-testid="canned-shortcut"][aria-invalid="true"]').waitFor()
  await page.getByTestId('canned-shortcut').fill('besok')
  await page.getByTestId('canned-body').fill('Baik, kita bicara besok.')
  await page.getByTestId('canned-save').click()
  const row = page.getByTestId('canned-row').filter({ hasText: '/besok' })
  await row.getByRole('button').first().click()
  await page.getByTestId('canned-body').fill('Baik, kita bicara besok pagi.')
  await page.getByTestId('canned-save').click()
  await row.filter({ hasText: 'besok pagi' }).waitFor()
  await page.keyboard.press('Escape')

  await box.fill('')
  await box.pressSequentially('/bes')
  await page.getByTestId('canned-option').filter({ hasText: '/besok' }).waitFor()
  await box.press('Enter')
  await untilEqual('the message', 'Baik, kita bicara besok pagi.', () => box.inputValue())
  await box.fill('/')
  await page.getByTestId('canned-manage').click()
  await row.getByRole('button').last().click()
  await row.waitFor({ state: 'detached' })
})

scenario('a picture and a PDF arrive, are looked at and saved; what is neither is refused', async ({ open }) => {
  const { student, counsellor } = await startTalk(open, 'siswa20', 'guru1', 'Boleh saya kirim berkas, Bu?')
  const picture = { name: 'jadwal.png', mimeType: 'image/png', buffer: await student.page.screenshot() }
  const pdf = { name: 'rapor.pdf', mimeType: 'application/pdf', buffer: makePdf('Rapor', 1) }
  const picker = student.page.getByTestId('composer-picker')
  await picker.setInputFiles([{ name: 'lagu.mp3', mimeType: 'audio/mpeg', buffer: Buffer.from('ID3') }])
  await student.page.getByTestId('composer-problem').waitFor()
  await picker.setInputFiles([picture, pdf])
  await untilEqual('the files', 2, () => student.page.getByTestId('composer-file').count())
  await student.page.getByTestId('composer-send').click()

  const image = counsellor.page.getByTestId('message-image')
  await image.locator('img').waitFor()
  await untilEqual('the picture to be drawn', true, () =>
    image.locator('img').evaluate((drawn) => drawn.complete && drawn.naturalWidth > 0),
  )
  await image.click()
  await counsellor.page.getByRole('dialog').getByRole('img').waitFor()
  await counsellor.page.keyboard.press('Escape')
  const [saved] = await Promise.all([counsellor.page.waitForEvent('download'), counsellor.page.getByTestId('message-file').click()])
  assert.equal(saved.suggestedFilename(), 'rapor.pdf')
  assert.deepEqual(await readFile(await saved.path()), pdf.buffer)
})

const dutyOf = (page) => page.getByTestId('duty').getAttribute('data-status')

/** Shown at once, stored with the server's answer; until then the switch is deaf. */
async function chooseDuty(page, status) {
  const answer = await answerTo(page, '/counsellors/me/status', () =>
    until(`the duty to be ${status}`, async () => {
      await page.getByTestId(`duty-${status}`).click()
      return (await dutyOf(page)) === status
    }),
  )
  await answer.finished()
}

scenario('a counsellor finds words and days again, and says when they are on duty', async ({ open }) => {
  const { page } = await openChat(open, 'guru1', { path: '/guru/chat' })
  await chooseDuty(page, 'away')
  await chooseDuty(page, 'online')
  await page.reload()
  await untilEqual('the duty', 'online', () => dutyOf(page))

  await openFirstConversation(page)
  const words = await until('a message', async () =>
    (await page.getByTestId('message-body').first().textContent()).trim().split(/\s+/).slice(0, 3).join(' '),
  )
  await page.getByTestId('chat-search').fill(words)
  const hit = page.getByTestId('search-hit').first()
  const seq = await hit.getAttribute('data-seq')
  await hit.click()
  await page.locator(`[data-testid="message"][data-seq="${seq}"]`).waitFor()
  await page.getByTestId('chat-search').fill('zzz tidak ada')
  await untilEqual('the hits', 0, () => page.getByTestId('search-hit').count())
  await page.getByTestId('chat-search').press('Escape')

  await page.getByTestId('thread-menu').getByRole('button').click()
  await page.getByTestId('menu-jump').click()
  await page.getByTestId('jump-submit').click()
  await page.getByTestId('jump-form').waitFor({ state: 'detached' })
  await page.getByTestId('day-heading').last().waitFor()
})
