import { useRouter } from 'vue-router'
import { useNotices } from '@/features/notices/store/notices'

/** Opens what a notice is about and marks it as read; a failed mark stays unread and is no reason to stop. */
export function useOpenNotice() {
  const notices = useNotices()
  const router = useRouter()

  return async function openNotice(id: string, target: string | null): Promise<void> {
    const marking = notices.markRead(id).catch(() => undefined)
    if (target) await router.push(target)
    await marking
  }
}
