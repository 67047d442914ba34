import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import { fetchHelpCard } from '@/features/help/api/help'
import type { HelpCard } from '@/shared/api/helpTypes'
import type { Locale } from '@/shared/i18n'
import { usePreferences } from '@/shared/stores/preferences'

const keyOf = (locale: Locale) => `educounsel.help.${locale}`
const freshMs = 6 * 3_600_000

interface Stored {
  card: HelpCard
  savedAt: number
}

/** The help card of the school, kept in this browser: it must be there without a connection too. */
export const useHelp = defineStore('help', () => {
  const preferences = usePreferences()
  const card = shallowRef<HelpCard | null>(readStored(preferences.locale)?.card ?? null)
  const isOpen = ref(false)

  /** Asks for the newest card; without an answer the one at hand stays. */
  async function refresh(): Promise<void> {
    const { locale } = preferences
    try {
      const fetched = await fetchHelpCard()
      if (locale !== preferences.locale || !isCard(fetched)) return
      card.value = fetched
      writeStored(locale, fetched)
    } catch {
      // What is stored, or what came with the page, is shown.
    }
  }

  /** Makes sure that a card not older than a few hours lies ready. */
  async function prepare(): Promise<void> {
    const stored = readStored(preferences.locale)
    if (!stored || Date.now() - stored.savedAt > freshMs) await refresh()
  }

  function open(): void {
    isOpen.value = true
    void refresh()
  }

  watch(
    () => preferences.locale,
    (locale) => {
      card.value = readStored(locale)?.card ?? null
      void prepare()
    },
  )

  return { card, isOpen, prepare, refresh, open, close: () => (isOpen.value = false) }
})

function isCard(value: unknown): value is HelpCard {
  const card = value as Partial<HelpCard> | null
  return typeof card?.title === 'string' && Array.isArray(card.lines) && Array.isArray(card.hotlines)
}

function readStored(locale: Locale): Stored | null {
  try {
    const stored = JSON.parse(localStorage.getItem(keyOf(locale)) ?? 'null') as Stored | null
    return stored && isCard(stored.card) ? stored : null
  } catch {
    return null
  }
}

function writeStored(locale: Locale, card: HelpCard): void {
  try {
    localStorage.setItem(keyOf(locale), JSON.stringify({ card, savedAt: Date.now() } satisfies Stored))
  } catch {
    // The card in memory lasts as long as the tab.
  }
}
