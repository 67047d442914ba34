import type { Locale } from '@/shared/i18n'

const tags: Record<Locale, string> = { id: 'id-ID', en: 'en-GB' }

/** Says `text` aloud where the browser can; the same words are always on the screen too. */
export function speak(text: string, locale: Locale): void {
  if (!('speechSynthesis' in window) || typeof SpeechSynthesisUtterance === 'undefined') return
  const utterance = new SpeechSynthesisUtterance(text)
  utterance.lang = tags[locale]
  speechSynthesis.cancel()
  speechSynthesis.speak(utterance)
}
