/** Lines to copy into the system that is to be connected; they name this server as the page reaches it. */

export interface AppAddress {
  host: string
  port: number
  scheme: 'http' | 'https'
}

export interface AppCredentials {
  id: string
  key: string
  secret: string
}

export const snippetNames = ['laravel', 'node', 'python', 'browser'] as const
export type SnippetName = (typeof snippetNames)[number]

/** What stands where a secret belongs that is not shown any more. */
export const secretPlaceholder = '<secret>'

/** The server as `location` reaches it. */
export function addressOf(location: Pick<Location, 'hostname' | 'port' | 'protocol'>): AppAddress {
  const scheme = location.protocol === 'https:' ? 'https' : 'http'
  return { host: location.hostname, port: Number(location.port) || (scheme === 'https' ? 443 : 80), scheme }
}

/** The lines of one way to connect. */
export function snippetOf(name: SnippetName, app: AppCredentials, at: AppAddress): string {
  return { laravel, node, python, browser }[name](app, at)
}

function laravel({ id, key, secret }: AppCredentials, { host, port, scheme }: AppAddress): string {
  return `BROADCAST_CONNECTION=pusher
PUSHER_APP_ID=${id}
PUSHER_APP_KEY=${key}
PUSHER_APP_SECRET=${secret}
PUSHER_HOST=${host}
PUSHER_PORT=${port}
PUSHER_SCHEME=${scheme}
PUSHER_APP_CLUSTER=mt1
VITE_PUSHER_APP_KEY="\${PUSHER_APP_KEY}"
VITE_PUSHER_HOST="\${PUSHER_HOST}"
VITE_PUSHER_PORT="\${PUSHER_PORT}"
VITE_PUSHER_SCHEME="\${PUSHER_SCHEME}"
VITE_PUSHER_APP_CLUSTER="\${PUSHER_APP_CLUSTER}"`
}

function node({ id, key, secret }: AppCredentials, { host, port, scheme }: AppAddress): string {
  return `// npm install pusher
import Pusher from 'pusher'

const pusher = new Pusher({
  appId: '${id}',
  key: '${key}',
  secret: '${secret}',
  host: '${host}',
  port: '${port}',
  useTLS: ${scheme === 'https'},
})

await pusher.trigger('my-channel', 'my-event', { hello: 'world' })`
}

function python({ id, key, secret }: AppCredentials, { host, port, scheme }: AppAddress): string {
  return `# pip install pusher
import pusher

client = pusher.Pusher(
    app_id="${id}",
    key="${key}",
    secret="${secret}",
    host="${host}",
    port=${port},
    ssl=${scheme === 'https' ? 'True' : 'False'},
)

client.trigger("my-channel", "my-event", {"hello": "world"})`
}

/** Pages have no secret. */
function browser({ key }: AppCredentials, { host, port, scheme }: AppAddress): string {
  return `// npm install pusher-js
import Pusher from 'pusher-js'

const pusher = new Pusher('${key}', {
  cluster: '',
  wsHost: '${host}',
  wsPort: ${port},
  wssPort: ${port},
  forceTLS: ${scheme === 'https'},
  disableStats: true,
})

pusher.subscribe('my-channel').bind('my-event', (data) => console.log(data))`
}
