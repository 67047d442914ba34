import { onScopeDispose, watch, type Ref } from 'vue'
import { joinChannel } from './liveChannels'

/** Keeps a channel joined while the screen is there; follows its name, and leaves when it becomes null. */
export function useChannel(name: Readonly<Ref<string | null>>): void {
  let leave: (() => void) | null = null
  watch(
    name,
    (channel) => {
      leave?.()
      leave = channel ? joinChannel(channel) : null
    },
    { immediate: true },
  )
  onScopeDispose(() => leave?.())
}
