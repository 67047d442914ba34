import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

const sourcePath = 'src/boot/theme.js'

/**
 * Puts `src/boot/theme.js` in front of the page as a classic, blocking, hashed file.
 * It sets the colour theme before the first paint; an inline script would break the CSP.
 */
export function blockingThemeScript(): Plugin {
  let isBuild = false
  let fileName = sourcePath
  return {
    name: 'educounsel-blocking-theme-script',
    configResolved(config) {
      isBuild = config.command === 'build'
    },
    buildStart() {
      if (!isBuild) return
      const source = readFileSync(sourcePath, 'utf8')
      const hash = createHash('sha256').update(source).digest('hex').slice(0, 8)
      fileName = `assets/theme-${hash}.js`
      this.emitFile({ type: 'asset', fileName, source })
    },
    transformIndexHtml: () => [{ tag: 'script', attrs: { src: `/${fileName}` }, injectTo: 'head-prepend' }],
  }
}
