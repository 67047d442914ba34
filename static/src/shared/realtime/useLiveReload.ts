import { objectOf } from '@/shared/api/openJson'
import { onScopeDispose } from 'vue'
import { coalesce } from './jitter'
import { onRealtime } from './events'

const debounceMs = 300
const spreadMs = 1_200

/**
 * Calls `reload` after materials changed or the connection was away: once per burst, spread over a second
 * so that a whole school does not ask at once, and for a hidden tab only when it is looked at again.
 * `concerns` narrows it to some materials. Of a new material students hear only by its notice.
 */
export function useLiveReload(reload: () => void, concerns: (materialId: string) => boolean = () => true): void {
  let isDue = false
  const run = () => {
    isDue = document.hidden
    if (!document.hidden) reload()
  }
  const soon = coalesce(run, debounceMs, () => spreadMs)
  const whenVisible = () => {
    if (isDue && !document.hidden) soon.request()
  }
  const whenChanged = (materialId: unknown) => {
    if (typeof materialId === 'string' && concerns(materialId)) soon.request()
  }
  const stops = [
    onRealtime('material.changed', (change) => whenChanged(change.material_id)),
    onRealtime('notice.created', (notice) => whenChanged(objectOf(notice.data)['material_id'])),
    onRealtime('lists.stale', soon.request),
  ]
  document.addEventListener('visibilitychange', whenVisible)
  onScopeDispose(() => {
    for (const stop of stops) stop()
    soon.cancel()
    document.removeEventListener('visibilitychange', whenVisible)
  })
}
