import { onScopeDispose } from 'vue'
import { onRealtime, type RealtimeEvents } from './events'
import { coalesce } from './jitter'

const debounceMs = 120

/**
 * Calls `reload` after one of `names` happened or the connection was away: once per burst, and for a hidden tab when it is looked
 * at again. For events of this user alone the spread may be small; a whole school at once needs a larger one.
 */
export function useLiveRefresh(names: (keyof RealtimeEvents)[], reload: () => void, spreadMs = 150): void {
  let isDue = false
  const soon = coalesce(
    () => {
      isDue = document.hidden
      if (!document.hidden) reload()
    },
    debounceMs,
    () => spreadMs,
  )
  const whenVisible = () => {
    if (isDue && !document.hidden) soon.request()
  }
  const stops = [...names, 'lists.stale' as const].map((name) => onRealtime(name, soon.request))
  document.addEventListener('visibilitychange', whenVisible)
  onScopeDispose(() => {
    for (const stop of stops) stop()
    soon.cancel()
    document.removeEventListener('visibilitychange', whenVisible)
  })
}
