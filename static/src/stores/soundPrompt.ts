import { defineStore } from 'pinia'
import { ref } from 'vue'
import { canChime, playChime } from '@/realtime/chime'
import { claimChime } from '@/realtime/soundLeader'
import { usePreferences } from './preferences'

/** Sound for notices: rings in one tab, and asks once whether it may go on ringing. */
export const useSoundPrompt = defineStore('soundPrompt', () => {
  const preferences = usePreferences()
  const isOpen = ref(false)

  /** Rings for `noticeId` unless the user said no, the browser refuses, or another tab already did. */
  async function ring(noticeId: string): Promise<void> {
    if (preferences.sound === 'off') return
    if (preferences.sound === 'ask') isOpen.value = true
    if (canChime() && (await claimChime(noticeId))) playChime()
  }

  function answer(choice: 'on' | 'off'): void {
    preferences.sound = choice
    isOpen.value = false
  }

  return { isOpen, ring, answer }
})
