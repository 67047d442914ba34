// pusher-js in Node, as a page of the connected app would set it up.
import PusherClient from 'pusher-js'
import { app, once } from './server.js'

/** A client of the server at `port`, with the auth endpoint at `authPort`. */
export function pusherClient({ port, authPort, transport = 'ws', user = 'ana', watchlist }) {
  const endpoint = (path) => `http://127.0.0.1:${authPort}/pusher/${path}`
  const params = { user, ...(watchlist ? { watchlist } : {}) }
  return new PusherClient(app.key, {
    wsHost: '127.0.0.1',
    wsPort: port,
    httpHost: '127.0.0.1',
    httpPort: port,
    forceTLS: false,
    enabledTransports: [transport],
    cluster: '',
    enableStats: false,
    channelAuthorization: { endpoint: endpoint('auth'), transport: 'ajax', params },
    userAuthentication: { endpoint: endpoint('user-auth'), transport: 'ajax', params },
  })
}

/** Subscribes, and waits until that is confirmed. */
export async function join(client, name) {
  const channel = client.subscribe(name)
  const members = await once(channel, 'pusher:subscription_succeeded')
  return { channel, members }
}
