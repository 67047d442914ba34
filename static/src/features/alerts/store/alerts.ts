import { defineStore } from 'pinia'
import { ref } from 'vue'
import { fetchAlerts } from '@/features/alerts/api/alerts'
import { coalesce } from '@/shared/realtime/jitter'

/** Older than every alert: the list behind it is empty. Who is shown an alert is recorded, and the badge shows none. */
const beforeAll = '00000000-0000-0000-0000-000000000000'

/** How many alerts wait for somebody, for the badge of every page. */
export const useAlerts = defineStore('alerts', () => {
  const openCount = ref(0)
  const refresh = coalesce(
    () => void load(),
    150,
    () => 350,
  )

  async function load(): Promise<void> {
    try {
      openCount.value = (await fetchAlerts({ state: 'open', after: beforeAll, limit: 1 })).open_count
    } catch {
      // The number stays as it is; the next event or reconnect asks again.
    }
  }

  function reset(): void {
    refresh.cancel()
    openCount.value = 0
  }

  return { openCount, load, refresh: refresh.request, reset }
})
