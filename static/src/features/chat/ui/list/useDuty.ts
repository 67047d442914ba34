import { onScopeDispose, ref, shallowRef } from 'vue'
import { fetchCounsellors } from '@/features/appointments/api/appointments'
import type { Counsellor, DutyStatus } from '@/shared/api/appointmentTypes'
import { useChannel } from '@/shared/realtime/useChannel'
import { statusChannel } from '@/shared/realtime/deskEvents'
import { onRealtime } from '@/shared/realtime/events'

/** All counsellors with their duty status, live. */
export function useDuty() {
  const counsellors = shallowRef<Counsellor[]>([])
  /** Changes while a list is under way, which may be older than they are. */
  const changes = new Map<string, DutyStatus>()
  let underWay = 0

  async function load(): Promise<void> {
    underWay += 1
    try {
      const list = await fetchCounsellors()
      counsellors.value = list.map((item) => ({ ...item, status: changes.get(item.id) ?? item.status }))
    } catch {
      // Without it the chat only does not tell who is on duty; the next reconnect asks again.
    } finally {
      underWay -= 1
      if (underWay === 0) changes.clear()
    }
  }

  function dutyOf(id: string | null | undefined): DutyStatus | null {
    return counsellors.value.find((item) => item.id === id)?.status ?? null
  }

  function take(id: string, status: DutyStatus): void {
    if (underWay > 0) changes.set(id, status)
    counsellors.value = counsellors.value.map((item) => (item.id === id ? { ...item, status } : item))
  }

  useChannel(ref(statusChannel))
  const stops = [onRealtime('counsellor.status', ({ id, status }) => take(id, status)), onRealtime('lists.stale', () => void load())]
  onScopeDispose(() => {
    for (const stop of stops) stop()
  })
  void load()
  return { counsellors, dutyOf, take, load }
}
