// What people do with the companion, and what its page shows.
import { until, untilEqual } from './patience.js'

/** Twenty-four sentences: long enough to do something in the middle. */
export const longAnswer = Array.from(
  { length: 24 },
  (_, index) => `Ini kalimat nomor ${index + 1} dari **jawaban** yang panjang.${index % 6 === 5 ? '\n\n' : ' '}`,
)
  .join('')
  .trim()

/** What a reader sees of a text in Markdown that has bold words only. */
export const readable = (markdown) => markdown.replaceAll('**', '').replace(/\s+/g, ' ').trim()

/** Opens the companion's page: a thread, or a new one. */
export async function openCompanion(person, id = 'new') {
  const page = await person.newTab()
  await page.goto(`/student/ai-companion/${id}`)
  await page.getByTestId('companion-text').waitFor()
  return page
}

/** Writes a question and sends it. */
export async function ask(page, words) {
  await page.getByTestId('companion-text').fill(words)
  await page.getByTestId('companion-send').click()
  await page.getByTestId('question').filter({ hasText: words }).waitFor()
}

/** The newest answer of the page. */
export const newestAnswer = (page) => page.getByTestId('answer').last()

/** What the newest answer says, as a reader sees it; empty before its first words. */
export async function answerText(page) {
  const texts = await newestAnswer(page).getByTestId('answer-text').allInnerTexts()
  return (texts[0] ?? '').replace(/\s+/g, ' ').trim()
}

export const answerStatus = (page) => newestAnswer(page).getAttribute('data-status')

/** Waits until the newest answer is a certain number of letters long. */
export const untilLonger = (page, length) => until(`${length} letters of the answer`, async () => (await answerText(page)).length >= length)

export const untilStatus = (page, status) => untilEqual('the status of the answer', status, () => answerStatus(page))

/** The id of the thread that is open. */
export async function threadIdOf(page) {
  await until('the address of the thread', () => !page.url().endsWith('/new'))
  return new URL(page.url()).pathname.split('/').at(-1)
}
