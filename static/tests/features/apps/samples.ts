import type { ConnectedApp, ConsoleLine } from '@/shared/api/appTypes'

/** A connected app of the database. */
export function appOf(changes: Partial<ConnectedApp> = {}): ConnectedApp {
  return {
    id: '10000001',
    name: 'Portal',
    key: '0123456789abcdef0123',
    source: 'database',
    enabled: true,
    client_events: true,
    subscription_counts: false,
    allowed_origins: ['https://portal.example'],
    limits: { connections: 0, channels: 0, events_per_s: 0, payload_bytes: 10_240 },
    webhooks: [],
    created_at: '2026-11-21T07:00:00.000Z',
    updated_at: '2026-11-21T07:00:00.000Z',
    live: { connections: 0, channels: 0 },
    ...changes,
  }
}

/** A line of the console. */
export function lineOf(id: string, changes: Partial<ConsoleLine> = {}): ConsoleLine {
  return {
    id,
    at: '2026-11-21T07:00:00.123Z',
    node: 'n1',
    kind: 'connected',
    channel: null,
    event: null,
    socket_id: null,
    user_id: null,
    data: null,
    bytes: null,
    code: null,
    reason: null,
    ...changes,
  }
}
