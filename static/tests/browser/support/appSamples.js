// Connected apps as the server would tell of them, for looks at states that take long to come about.

const at = (secondsAgo) => new Date(Date.now() - secondsAgo * 1000).toISOString()

/** A connected app of the database. */
export function appOf(id, changes = {}) {
  return {
    id,
    name: `Aplikasi ${id}`,
    key: `a1b2c3d4e5f6a7b8${id.slice(-4)}`,
    source: 'database',
    enabled: true,
    client_events: true,
    subscription_counts: false,
    allowed_origins: [],
    limits: { connections: 0, channels: 0, events_per_s: 0, payload_bytes: 10_240 },
    webhooks: [],
    created_at: at(900_000),
    updated_at: at(86_400),
    live: { connections: 0, channels: 0 },
    ...changes,
  }
}

const hook = (url, events, channel_prefix = '') => ({ url, events, channel_prefix })

export const portal = appOf('10000001', {
  name: 'Portal Absensi SMA Negeri 3 Kota Bandung',
  allowed_origins: ['https://absensi.sman3.sch.id', 'https://guru.sman3.sch.id'],
  limits: { connections: 2000, channels: 500, events_per_s: 20, payload_bytes: 10_240 },
  webhooks: [
    hook(
      'https://absensi.sman3.sch.id/hooks/pusher/presence-and-everything-else',
      ['member_added', 'member_removed', 'channel_occupied'],
      'presence-kelas',
    ),
    hook('https://arsip.sman3.sch.id/hook', ['client_event']),
    hook('https://baru.sman3.sch.id/hook', ['cache_miss']),
  ],
  live: { connections: 1_284, channels: 96 },
})

export const apps = [
  {
    ...appOf('1001', { name: 'demo-key', key: 'demo-key', live: { connections: 3, channels: 2 } }),
    source: 'settings',
    created_at: null,
    updated_at: null,
  },
  portal,
  appOf('10000002', { name: 'Perpustakaan', enabled: false }),
]

const standings = [
  {
    url: portal.webhooks[0].url,
    waiting: 12,
    dead: 41,
    failures: 6,
    failing_since: at(4_000),
    next_try_at: at(-40),
    last_error: 'the address answered 503',
  },
  { url: portal.webhooks[1].url, waiting: 0, dead: 0, failures: 0, failing_since: null, next_try_at: null, last_error: null },
  { url: 'https://lama.sman3.sch.id/hook', waiting: 0, dead: 2, failures: 0, failing_since: null, next_try_at: null, last_error: null },
]

const deadLetter = (n) => ({
  id: `01930000-0000-7000-8000-0000000000${String(n).padStart(2, '0')}`,
  url: portal.webhooks[0].url,
  event:
    n % 2
      ? { name: 'member_added', channel: 'presence-kelas.7a', user_id: `siswa${n}` }
      : { name: 'channel_occupied', channel: 'presence-kelas.7b' },
  attempts: 14,
  created_at: at(5_000 + n),
  died_at: at(4_000 + n),
  reason: n === 2 ? 'no answer within 10 s' : 'the address answered 503',
})

/** Lets the page see `list` (the first of them opened) instead of what the server has. */
export async function serveApps(page, list = apps, { letters = [1, 2, 3].map(deadLetter), standing = standings } = {}) {
  const json = (body) => (route) => route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify(body) })
  await page.route(/\/api\/v1\/admin\/apps$/, (route) =>
    route.request().method() === 'GET' ? json({ items: list, next: null })(route) : route.fallback(),
  )
  for (const app of list) {
    await page.route(new RegExp(`/api/v1/admin/apps/${app.id}$`), (route) =>
      route.request().method() === 'GET' ? json(app)(route) : route.fallback(),
    )
    await page.route(new RegExp(`/api/v1/admin/apps/${app.id}/webhooks$`), json({ items: standing, next: null }))
    await page.route(
      new RegExp(`/api/v1/admin/apps/${app.id}/dead-letters\\?`),
      json({ items: letters, next: letters.length > 0 ? letters.at(-1).id : null }),
    )
  }
}
