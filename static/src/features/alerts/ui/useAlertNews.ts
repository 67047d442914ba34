import { onScopeDispose, watch } from 'vue'
import type { AlertEvent } from '@/shared/api/alertTypes'
import { playAlarm } from '@/shared/realtime/chime'
import { onRealtime } from '@/shared/realtime/events'
import { useAlerts } from '@/features/alerts/store/alerts'
import { useSession } from '@/shared/session/session'
import { useSoundPrompt } from '@/shared/stores/soundPrompt'
import { useToasts } from '@/shared/stores/toasts'

/** After an absence the news of an alert and of its end come together: what is over is not sounded. */
const settleMs = 300

/** Follows risk alerts on every page of those who answer them: the number, a toast that stays, and a sound of its own. */
export function useAlertNews(): void {
  const session = useSession()
  const alerts = useAlerts()
  const toasts = useToasts()
  const sound = useSoundPrompt()
  /** What was announced, and how serious it was then. */
  const announced = new Map<string, string>()
  const timers = new Set<ReturnType<typeof setTimeout>>()

  const answersAlerts = () => session.role === 'counsellor' || session.role === 'admin'

  function raise(alertId: string, level: number, occasion: string): void {
    if (announced.get(alertId) === occasion) return
    announced.set(alertId, occasion)
    const timer = setTimeout(() => {
      timers.delete(timer)
      if (announced.get(alertId) !== occasion) return
      toasts.pushRisk(alertId, level)
      void sound.ring(`${alertId}:${occasion}`, playAlarm)
    }, settleMs)
    timers.add(timer)
  }

  function follow({ alert }: AlertEvent): void {
    if (!answersAlerts()) return
    alerts.refresh()
    if (alert.state === 'acknowledged') {
      announced.set(alert.id, 'over')
      toasts.dismissRisk(alert.id)
    }
  }

  function raised(event: AlertEvent): void {
    const { alert } = event
    follow(event)
    if (answersAlerts() && alert.state === 'open') raise(alert.id, alert.level, `${alert.level}:${alert.escalated_at ?? ''}`)
  }

  function start(): void {
    if (answersAlerts()) void alerts.load()
  }

  const stops = [onRealtime('risk.raised', raised), onRealtime('risk.changed', follow), onRealtime('lists.stale', start)]
  watch(
    () => session.user?.id,
    (id) => {
      alerts.reset()
      announced.clear()
      if (id) start()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    for (const stop of stops) stop()
    for (const timer of timers) clearTimeout(timer)
    alerts.reset()
  })
}
