import { useI18n } from 'vue-i18n'
import type { ApiError } from '@/shared/api/problem'

/** Translates problems: by stable code first, then the server's own words. */
export function useErrorText() {
  const { t, te } = useI18n()

  function ofError(error: ApiError): string {
    const key = `errors.${error.code}`
    if (te(key, 'id')) return t(key)
    return error.message && error.message !== error.code ? error.message : t('errors.unknown')
  }

  function ofField(code: string, fallback: string): string {
    const key = `fieldErrors.${code}`
    return te(key, 'id') ? t(key) : fallback || t('fieldErrors.type')
  }

  return { ofError, ofField }
}
