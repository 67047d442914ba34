import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import type { Plugin } from 'vite'

const require = createRequire(import.meta.url)
const packageRoot = dirname(require.resolve('pdfjs-dist/package.json'))
const { version } = require('pdfjs-dist/package.json') as { version: string }

/** Folders of pdfjs-dist that its worker fetches by name, and which of their files we ship. */
const shipped: Record<string, (name: string) => boolean> = {
  // The 14 standard fonts, for PDFs that do not embed theirs.
  standard_fonts: (name) => !name.startsWith('LICENSE'),
  // JPEG 2000 without WebAssembly: the CSP has no 'wasm-unsafe-eval'.
  wasm: (name) => name.endsWith('_nowasm_fallback.js'),
}

/**
 * Copies what PDF.js loads by name into `assets/pdfjs-<version>/`: the version in the path keeps the
 * year-long cache safe. The base path is available to the code as `__PDFJS_RESOURCES__`.
 */
export function pdfjsResources(): Plugin {
  const base = `assets/pdfjs-${version}`
  let isBuild = false
  return {
    name: 'educounsel-pdfjs-resources',
    config: (_, { command }) => ({
      define: {
        __PDFJS_RESOURCES__: JSON.stringify(command === 'build' ? `/${base}/` : '/node_modules/pdfjs-dist/'),
      },
    }),
    configResolved(config) {
      isBuild = config.command === 'build'
    },
    buildStart() {
      if (!isBuild) return
      for (const [folder, isShipped] of Object.entries(shipped)) {
        for (const name of readdirSync(join(packageRoot, folder)).filter(isShipped)) {
          const source = readFileSync(join(packageRoot, folder, name))
          this.emitFile({ type: 'asset', fileName: `${base}/${folder}/${name}`, source })
        }
      }
    },
  }
}
