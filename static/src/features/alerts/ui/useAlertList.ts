import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { fetchAlerts } from '@/features/alerts/api/alerts'
import type { AlertFilter, AlertPage, RiskAlert } from '@/shared/api/alertTypes'
import { sorted, withAlert } from '@/features/alerts/model/alertList'
import { useKeysetList } from '@/shared/composables/useKeysetList'
import { useLiveRefresh } from '@/shared/realtime/useLiveRefresh'
import { onRealtime } from '@/shared/realtime/events'
import { useAlerts } from '@/features/alerts/store/alerts'

/** The alerts of one filter, kept up to date while they are on the screen. */
export function useAlertList(filter: Readonly<Ref<AlertFilter>>) {
  const alerts = useAlerts()
  const list = useKeysetList<RiskAlert, AlertPage>((after, signal) => fetchAlerts({ state: filter.value, after, limit: 20 }, signal))
  /** Answered here or elsewhere while on the screen of open ones: shown until the filter changes. */
  const isReady = ref(false)

  async function reload(): Promise<void> {
    const kept = list.items.value.filter(({ state }) => filter.value === 'open' && state === 'acknowledged')
    await list.reload()
    if (list.error.value) return
    isReady.value = true
    const known = new Set(list.items.value.map(({ id }) => id))
    list.items.value = sorted([...list.items.value, ...kept.filter(({ id }) => !known.has(id))])
    if (list.firstPage.value) alerts.openCount = list.firstPage.value.open_count
  }

  function take(alert: RiskAlert): void {
    if (isReady.value) list.items.value = withAlert(list.items.value, alert, filter.value)
  }

  const stops = (['risk.raised', 'risk.changed'] as const).map((name) => onRealtime(name, ({ alert }) => take(alert)))
  // The words of the student are in no event: the list is asked for them.
  useLiveRefresh(['risk.raised', 'risk.changed'], () => void reload(), 300)
  watch(
    filter,
    () => {
      list.clear()
      isReady.value = false
      void reload()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    for (const stop of stops) stop()
  })

  return { ...list, isReady, reload, take }
}
