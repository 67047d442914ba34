import prettier from 'eslint-config-prettier'
import pluginVue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/', 'src/shared/api/schema.d.ts'] },
  ...tseslint.configs.strict,
  ...pluginVue.configs['flat/recommended'],
  // The layout is the formatter's.
  prettier,
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
  },
  {
    rules: {
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      // A static style attribute would need 'unsafe-inline' in the CSP.
      'vue/no-static-inline-styles': 'error',
      // A scroller that is not positioned does not hold `sr-only` texts: `scroller-x`, `scroller-y`.
      'vue/no-restricted-class': ['error', '/^(?:.+:)?overflow-(?:[xy]-)?(?:auto|scroll)$/'],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/shared/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['@/app/*', '@/features/*'] }] },
  },
  {
    files: ['src/features/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['@/app/*'] }] },
  },
  { files: ['scripts/**'], rules: { 'no-console': 'off' } },
)
