import { createI18n } from 'vue-i18n'
import { id, type Messages } from './id'

export type Locale = 'id' | 'en'

export const i18n = createI18n<[Messages], Locale, false>({
  legacy: false,
  locale: 'id',
  fallbackLocale: 'id',
  messages: { id } as Record<Locale, Messages>,
})

let isEnglishLoaded = false

/** Switches the language of the page; English is fetched the first time. */
export async function setLocale(locale: Locale): Promise<void> {
  if (locale === 'en' && !isEnglishLoaded) {
    const { en } = await import('./en')
    i18n.global.setLocaleMessage('en', en)
    isEnglishLoaded = true
  }
  i18n.global.locale.value = locale
  document.documentElement.lang = locale
}
