import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { Locale } from '@/shared/i18n'

export type ThemeChoice = 'light' | 'dark' | 'system'
/** `ask`: not decided yet; the first notice asks. */
export type SoundChoice = 'ask' | 'on' | 'off'

interface StoredPreferences {
  theme?: ThemeChoice
  locale?: Locale
  sound?: SoundChoice
}

/** Also read by src/boot/theme.js before the first paint. */
const storageKey = 'educounsel.preferences'

/** What the user chose for this browser: theme, language, sound. */
export const usePreferences = defineStore('preferences', () => {
  const stored = readStored()
  const theme = ref<ThemeChoice>(stored.theme ?? 'system')
  const locale = ref<Locale>(stored.locale ?? 'id')
  const sound = ref<SoundChoice>(stored.sound ?? 'ask')

  const darkQuery = matchMedia('(prefers-color-scheme: dark)')
  const isSystemDark = ref(darkQuery.matches)
  darkQuery.addEventListener('change', (event) => (isSystemDark.value = event.matches))

  const isDark = computed(() => theme.value === 'dark' || (theme.value === 'system' && isSystemDark.value))

  watch(
    isDark,
    (dark) => {
      document.documentElement.dataset.theme = dark ? 'dark' : 'light'
    },
    { immediate: true },
  )
  watch([theme, locale, sound], () => {
    writeStored({ theme: theme.value, locale: locale.value, sound: sound.value })
  })

  // Another tab of this browser chose something else.
  addEventListener('storage', (event) => {
    if (event.key !== storageKey) return
    const chosen = readStored()
    theme.value = chosen.theme ?? theme.value
    locale.value = chosen.locale ?? locale.value
    sound.value = chosen.sound ?? sound.value
  })

  return { theme, locale, sound, isDark }
})

function readStored(): StoredPreferences {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? '{}') as StoredPreferences
  } catch {
    return {}
  }
}

function writeStored(preferences: StoredPreferences): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(preferences))
  } catch {
    // Blocked storage: the choice lasts until the tab closes.
  }
}
