import { objectOf } from '@/shared/api/openJson'
import { onScopeDispose, watch } from 'vue'
import type { NoticeCreated } from '@/shared/api/types'
import type { RealtimeController, RealtimeSink } from '@/shared/realtime/controller'
import { unlockChimeOnGesture } from '@/shared/realtime/chime'
import { emitRealtime } from '@/shared/realtime/events'
import { planToasts } from '@/shared/realtime/toastRule'
import { useChatUnread } from '@/features/chat/store/chatUnread'
import { useConnection } from '@/shared/stores/connection'
import { useNotices } from '@/features/notices/store/notices'
import { useSchool } from '@/shared/stores/school'
import { useSession } from '@/shared/session/session'
import { useSoundPrompt } from '@/shared/stores/soundPrompt'
import { useToasts } from '@/shared/stores/toasts'

/** Keeps the live connection of the logged-in user while the frame of the app is on the screen. */
export function useRealtime(): void {
  const session = useSession()
  const connection = useConnection()
  const notices = useNotices()
  const sink = useSink()
  let controller: RealtimeController | null = null

  async function start(userId: string): Promise<void> {
    // pusher-js is not needed to see the login page.
    const { RealtimeController } = await import('@/shared/realtime/controller')
    if (session.user?.id !== userId || controller) return
    controller = new RealtimeController(userId, sink)
    await controller.start()
  }

  function stop(): void {
    controller?.stop()
    controller = null
    connection.reset()
    notices.reset()
  }

  unlockChimeOnGesture()
  watch(
    () => session.user?.id,
    (userId) => {
      stop()
      if (userId) void start(userId)
    },
    { immediate: true },
  )
  onScopeDispose(stop)
}

function useSink(): RealtimeSink {
  const session = useSession()
  const connection = useConnection()
  const notices = useNotices()
  const toasts = useToasts()
  const school = useSchool()
  const sound = useSoundPrompt()
  const chat = useChatUnread()

  function announce(arrived: NoticeCreated[]): void {
    // What a notice says about the conversation on the screen can be seen there.
    const isOnScreen = ({ data }: NoticeCreated) => {
      const conversationId = objectOf(data)['conversation_id']
      return conversationId !== undefined && conversationId === chat.watchedId
    }
    // A risk has a toast and a sound of its own (useAlertNews).
    const plan = planToasts(arrived.filter((notice) => !isOnScreen(notice) && notice.kind !== 'risk.raised'))
    if (plan.kind === 'summary') toasts.push(plan)
    if (plan.kind === 'each') for (const notice of plan.notices) toasts.push({ kind: 'notice', notice })
    const newest = arrived.filter(({ kind }) => kind !== 'risk.raised').at(-1)
    if (newest) void sound.ring(newest.id)
  }

  function take(notice: NoticeCreated): void {
    notices.receive(notice)
    emitRealtime('notice.created', notice)
  }

  return {
    onSchool({ zone }) {
      school.zone = zone
    },
    onConnection: connection.follow,
    onNotice(notice) {
      take(notice)
      announce([notice])
    },
    async onMissedNotices(missed) {
      for (const notice of missed) take(notice)
      await notices.loadLatest()
      // What was read meanwhile on another device is no news.
      const read = new Set(notices.latest.filter(({ read_at }) => read_at !== null).map(({ id }) => id))
      announce(missed.filter(({ id }) => !read.has(id)))
    },
    onNoticeState(state) {
      notices.applyState(state)
      emitRealtime('notice.state', state)
    },
    onSessionEnded: session.end,
  }
}
