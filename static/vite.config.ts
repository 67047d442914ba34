/// <reference types="vitest/config" />
import { fileURLToPath, URL } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { blockingThemeScript } from './vite/blockingThemeScript.ts'
import { pdfjsResources } from './vite/pdfjsResources.ts'

const server = 'http://127.0.0.1:8080'

export default defineConfig(({ mode }) => ({
  plugins: [vue(), tailwindcss(), blockingThemeScript(), pdfjsResources()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    // Messages are compiled to an AST and interpreted: the strict CSP allows no `new Function`.
    __INTLIFY_JIT_COMPILATION__: true,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // Every asset stays a same-origin file: `font-src 'self'` refuses data: URLs.
    assetsInlineLimit: 0,
    manifest: 'manifest.json',
    modulePreload: { polyfill: false },
    // Counted lines are brought back to the sources (scripts/coverage.mjs): that needs statements as they were written.
    ...(mode === 'coverage' && { minify: false, sourcemap: true }),
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': server,
      '/files': server,
      '/broadcasting': server,
      '/app': { target: server, ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    restoreMocks: true,
    // In `make test` they run while the server is built on the same cores.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.{ts,vue}'],
      exclude: ['src/**/*.d.ts'],
      // scripts/coverage.mjs adds the lines that the browsers run, and judges the whole. Pure code is tested here.
      reporter: ['text-summary', 'json'],
      reportsDirectory: 'coverage',
      thresholds: {
        'src/features/*/model/**': { lines: 95 },
        'src/features/*/store/**': { lines: 85 },
        'src/shared/session/**': { lines: 85 },
      },
    },
  },
}))
