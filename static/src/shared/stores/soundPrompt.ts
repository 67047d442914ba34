import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { canChime, playChime } from '@/shared/realtime/chime'
import { claimChime } from '@/shared/realtime/soundLeader'
import { usePreferences } from './preferences'

/** Sound for notices: rings in one tab, and asks once whether it may go on ringing. */
export const useSoundPrompt = defineStore('soundPrompt', () => {
  const preferences = usePreferences()
  const isDue = ref(false)
  /** Closed as soon as any tab has the answer. */
  const isOpen = computed(() => isDue.value && preferences.sound === 'ask')

  /** Rings for `noticeId` unless the user said no, the browser refuses, or another tab already did. */
  async function ring(noticeId: string, play = playChime): Promise<void> {
    if (preferences.sound === 'off') return
    isDue.value = true
    if (canChime() && (await claimChime(noticeId))) play()
  }

  function answer(choice: 'on' | 'off'): void {
    preferences.sound = choice
  }

  return { isOpen, ring, answer }
})
