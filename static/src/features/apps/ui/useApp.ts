import { watch } from 'vue'
import { fetchApp } from '@/features/apps/api/apps'
import type { ConnectedApp } from '@/shared/api/appTypes'
import { useResource } from '@/shared/composables/useResource'
import { useVisiblePolling } from '@/shared/composables/useVisiblePolling'

/** How old live counts may get. */
export const liveRefreshMs = 5_000

/** One app with live counts, kept up to date while the page is looked at; follows `id`. */
export function useApp(id: () => string) {
  const { data: app, error, load } = useResource<ConnectedApp>((signal) => fetchApp(id(), signal))
  watch(
    id,
    () => {
      app.value = null
      void load()
    },
    { immediate: true },
  )
  useVisiblePolling(async () => {
    if (app.value) await load()
  }, liveRefreshMs)

  /** Takes what an answer says about the app; secrets are not kept. */
  function take(changed: ConnectedApp): void {
    app.value = { ...changed, secret: undefined }
  }

  return { app, error, load, take }
}
