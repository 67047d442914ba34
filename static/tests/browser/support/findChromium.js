// Where Chromium is. Without packages: the clients' tests, which have their own, use it too.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome']

/** How long Chromium may take to start: the first time it comes from the disk, some hundred MB of it, beside everything else that runs. */
export const launchMs = 120_000

/** Returns the path of the first Chromium in PATH; throws when there is none. */
export function findChromium() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {
        // Not here.
      }
    }
  }
  throw new Error(`none of these is in PATH: ${names.join(', ')}; scripts/install-test-tools installs one`)
}
