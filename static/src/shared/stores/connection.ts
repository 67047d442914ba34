import { defineStore } from 'pinia'
import { ref } from 'vue'

export type ConnectionState = 'quiet' | 'connecting' | 'offline' | 'back'

/** A connection that comes up within this time is not worth a banner. */
const quietConnectMs = 1_500
const backVisibleMs = 4_000

/** What the connection banner says about the live connection. */
export const useConnection = defineStore('connection', () => {
  const state = ref<ConnectionState>('quiet')
  const offlineSince = ref<Date | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined

  function show(next: ConnectionState, afterMs = 0): void {
    clearTimeout(timer)
    if (afterMs === 0) state.value = next
    else timer = setTimeout(() => (state.value = next), afterMs)
  }

  /** Follows the live connection; `connecting` while offline stays "offline since". */
  function follow(live: 'connecting' | 'online' | 'offline'): void {
    if (live === 'offline') {
      offlineSince.value ??= new Date()
      show('offline')
    } else if (live === 'connecting') {
      if (!offlineSince.value) show('connecting', quietConnectMs)
    } else if (offlineSince.value) {
      offlineSince.value = null
      show('back')
      show('quiet', backVisibleMs)
    } else {
      show('quiet')
    }
  }

  /** Forgets everything: nobody is logged in. */
  function reset(): void {
    offlineSince.value = null
    show('quiet')
  }

  return { state, offlineSince, follow, reset }
})
