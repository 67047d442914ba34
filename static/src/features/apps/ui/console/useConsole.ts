import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { keepConsole } from '@/features/apps/api/apps'
import { asApiError, type ApiError } from '@/shared/api/problem'
import { emptyBuffer, heldCount, mostLines, released, withFrame, withGap } from '@/features/apps/model/consoleBuffer'
import { useChannel } from '@/shared/realtime/useChannel'
import { useVisiblePolling } from '@/shared/composables/useVisiblePolling'
import { consoleChannel } from '@/shared/realtime/deskEvents'
import { onRealtime } from '@/shared/realtime/events'
import { useConnection } from '@/shared/stores/connection'

/** The server tells what happens for so long; every `renewMs` it is asked to go on. */
const watchedMs = 60_000
const renewMs = 25_000

/** The live lines of an app's console while the screen is there. `isReading` says that the reader is not to be moved. */
export function useConsole(appId: string) {
  const connection = useConnection()
  const channel = consoleChannel(appId)
  const buffer = shallowRef(emptyBuffer)
  const isPaused = ref(false)
  const isReading = ref(false)
  const isJoined = ref(false)
  const isAsked = ref(false)
  const error = shallowRef<ApiError | null>(null)
  const isHolding = computed(() => isPaused.value || isReading.value)
  const isWatching = computed(() => isJoined.value && isAsked.value && connection.state !== 'offline' && !error.value)

  let askedAtMs = 0

  /** The connection was gone, or the page asleep: what happened meanwhile was told to nobody. */
  function markGap(): void {
    buffer.value = withGap(buffer.value, isHolding.value)
  }

  async function ask(): Promise<void> {
    try {
      await keepConsole(appId)
      if (askedAtMs > 0 && Date.now() - askedAtMs > watchedMs) markGap()
      askedAtMs = Date.now()
      isAsked.value = true
      error.value = null
    } catch (thrown) {
      const problem = asApiError(thrown)
      // Without a connection the banner says so, and the next turn mends it.
      if (!problem.isOffline) error.value = problem
    }
  }

  function clear(): void {
    buffer.value = emptyBuffer
  }

  /** Shows what was held back. */
  function release(): void {
    buffer.value = released(buffer.value)
  }

  const stops = [
    onRealtime('app.console', (frame) => {
      if (frame.app_id === appId) buffer.value = withFrame(buffer.value, frame, isHolding.value)
    }),
    onRealtime('channel.joined', (joined) => {
      if (joined.channel !== channel) return
      if (isJoined.value) markGap()
      isJoined.value = true
      // Lines before the channel was joined would not have been seen.
      void ask()
    }),
    onRealtime('channel.refused', (refused) => {
      if (refused.channel === channel) isJoined.value = false
    }),
  ]
  useChannel(ref(channel))
  useVisiblePolling(ask, renewMs)
  watch(isHolding, (holds) => {
    if (!holds) release()
  })
  onScopeDispose(() => {
    for (const stop of stops) stop()
  })

  return {
    shown: computed(() => buffer.value.shown),
    held: computed(() => heldCount(buffer.value)),
    isFull: computed(() => buffer.value.shown.length >= mostLines),
    isPaused,
    isReading,
    isWatching,
    error,
    ask,
    clear,
    release,
  }
}
