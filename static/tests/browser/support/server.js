// The production server with demo data, as a user starts it.
import { startServer as start } from '../../../../tests/support/node/server.js'

/** Password of all demo accounts. */
export const demoPassword = 'rahasia-demo'

/** Starts a server with demo data; `settings` are `key=value`. Returns its port and `stop`, which fails if the server logged an error or did not stop by itself. */
export function startServer({ settings = [] } = {}) {
  const pairs = settings.map((setting) => [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)])
  return start({ args: ['--demo'], settings: Object.fromEntries(pairs) })
}
