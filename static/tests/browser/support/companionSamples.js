// Threads, alerts and hotlines as the server would send them, for states that are hard to bring about: told to a page in the server's place.

const threadId = '01930000-0000-7000-8000-0000000000a1'
const idOf = (number) => `01930000-0000-7000-8000-${String(number).padStart(12, '0')}`
const timeOf = (minute) => new Date(Date.UTC(2026, 10, 21, 7, minute)).toISOString()

/** A question and its answer, for the thread of `serveCompanion`. */
export function turnOf(number, body, answer = {}) {
  const question = {
    id: idOf(number * 10),
    thread_id: threadId,
    role: 'student',
    client_id: idOf(number * 10 + 5),
    body,
    created_at: timeOf(number),
  }
  const id = idOf(number * 10 + 1)
  return [
    question,
    {
      id,
      thread_id: threadId,
      role: 'companion',
      question_id: question.id,
      kind: 'model',
      status: 'done',
      text: '',
      seq: 1,
      version: 1,
      versions: [id],
      error: null,
      created_at: timeOf(number),
      finished_at: timeOf(number),
      ...answer,
    },
  ]
}

export const goodAnswer = `Terima kasih sudah cerita. **Cemas sebelum ujian itu wajar**, dan kamu tidak sendirian.

Coba tiga langkah kecil ini:

1. Tulis *tiga* bab yang paling membuatmu ragu.
2. Belajar 25 menit, lalu jeda 5 menit.
3. Tidur cukup di malam sebelumnya.

> Pelan-pelan saja. Satu langkah juga kemajuan.

Bacaan: [healing119.id](https://healing119.id)`

export const helpCard = {
  title: 'Kamu tidak sendirian',
  lines: [
    'Terima kasih sudah berani menulis ini. Apa yang kamu rasakan penting.',
    'Kalau kamu dalam bahaya sekarang, telepon salah satu nomor ini, atau temui guru BK atau orang dewasa yang kamu percaya.',
  ],
  hotlines: [
    {
      id: 'emergency',
      name: 'Darurat dan kesehatan jiwa (119)',
      number: '119',
      url: 'https://healing119.id',
      hours: '24 jam',
      note: 'Layanan darurat nasional, tekan 8 untuk konseling.',
      checked_on: '2026-07-01',
    },
    {
      id: 'sapa',
      name: 'SAPA 129',
      number: '129',
      url: null,
      hours: '24 jam',
      note: 'Perlindungan perempuan dan anak.',
      checked_on: '2026-07-01',
    },
  ],
  version: '1',
}

const json =
  (body, status = 200, headers = {}) =>
  (route) =>
    route.fulfill({
      status,
      headers,
      contentType: status < 400 ? 'application/json' : 'application/problem+json',
      body: JSON.stringify(body),
    })

/** The path of the thread that `serveCompanion` tells of. */
export const threadPath = `/student/ai-companion/${threadId}`

/** Tells `page` of one thread with `messages`; `refuse` is the problem every question meets. */
export async function serveCompanion(page, { messages = [], info = {}, refuse = null, threads } = {}) {
  const thread = { id: threadId, title: 'Cemas menjelang ujian', created_at: timeOf(0), last_message_at: timeOf(9) }
  const items = threads ?? [
    thread,
    { ...thread, id: idOf(2), title: 'Berselisih dengan teman dekat, dan bagaimana memulai bicara lagi' },
    { ...thread, id: idOf(3), title: '' },
  ]
  await page.route(/\/api\/v1\/companion$/, json({ provider: 'model', left_today: 88, limit_per_day: 100, disclosure: '', ...info }))
  await page.route(/\/api\/v1\/companion\/threads(\?|$)/, json({ items, next: null }))
  await page.route(new RegExp(`/api/v1/companion/threads/${threadId}(\\?|$)`), json({ ...thread, messages, has_before: false }))
  await page.route(
    new RegExp(`/api/v1/companion/threads/${threadId}/summary$`),
    json({ summary: 'Aku cemas menjelang ujian akhir dan susah tidur seminggu ini. Aku ingin dibantu menyusun jadwal belajar.' }),
  )
  await page.route(/\/api\/v1\/companion\/messages\/[^/]+$/, (route) => {
    const answer = messages.find(({ id }) => route.request().url().endsWith(id))
    return json(answer ?? { code: 'not_found', status: 404 }, answer ? 200 : 404)(route)
  })
  if (refuse)
    await page.route(
      new RegExp(`/api/v1/companion/threads/${threadId}/messages$`),
      json({ code: refuse.code, status: refuse.status }, refuse.status, refuse.headers),
    )
}

/** An alert as a counsellor sees it. */
export function alertOf(number, changes = {}) {
  const now = Date.now()
  return {
    id: idOf(number),
    level: 3,
    source: 'companion',
    state: 'open',
    student: { id: `student-${number}`, name: 'Ayu Lestari' },
    thread_id: threadId,
    excerpt: 'rasanya capek banget dan pengen hilang aja',
    count: 1,
    raised_at: new Date(now - 70_000).toISOString(),
    last_raised_at: new Date(now - 70_000).toISOString(),
    acknowledge_by: new Date(now + 230_000).toISOString(),
    escalated_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    conversation_id: null,
    ...changes,
  }
}

/** Tells `page` of `alerts`. */
export async function serveAlerts(page, alerts) {
  const open = alerts.filter(({ state }) => state === 'open')
  await page.route(/\/api\/v1\/alerts(\?|$)/, (route) => {
    const state = new URL(route.request().url()).searchParams.get('state')
    const items = state === 'all' ? alerts : alerts.filter((alert) => alert.state === state)
    return json({ items, next: null, open_count: open.length })(route)
  })
}
