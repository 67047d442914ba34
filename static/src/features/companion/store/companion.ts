import { defineStore } from 'pinia'
import { shallowRef, watch } from 'vue'
import { fetchCompanionInfo } from '@/features/companion/api/companion'
import type { CompanionInfo } from '@/shared/api/companionTypes'
import { usePreferences } from '@/shared/stores/preferences'
import { useSession } from '@/shared/session/session'

/** What a thread hands over to the booking page. */
export interface BookingWish {
  topic: string
  note: string
}

/** Who answers, how much is left today, and what goes from a thread to the booking page (in memory only: it is private). */
export const useCompanion = defineStore('companion', () => {
  const session = useSession()
  const preferences = usePreferences()
  const info = shallowRef<CompanionInfo | null>(null)
  let wish: BookingWish | null = null

  async function loadInfo(): Promise<void> {
    try {
      info.value = await fetchCompanionInfo()
    } catch {
      // What is known stays; the next question brings the server's own words.
    }
  }

  function wishFor(next: BookingWish): void {
    wish = next
  }

  /** The wish, once. */
  function takeWish(): BookingWish | null {
    const taken = wish
    wish = null
    return taken
  }

  watch(
    () => session.user?.id,
    () => {
      info.value = null
      wish = null
    },
  )

  // The words of the disclosure come from the server, in the language they were asked for.
  watch(
    () => preferences.locale,
    () => {
      if (info.value) void loadInfo()
    },
  )

  return { info, loadInfo, wishFor, takeWish }
})
