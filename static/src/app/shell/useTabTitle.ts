import { computed, watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute } from 'vue-router'
import { drawFavicon, tabTitle } from '@/shared/realtime/tabBadge'
import { useChatUnread } from '@/features/chat/store/chatUnread'
import { useNotices } from '@/features/notices/store/notices'

/** Keeps the tab's title and icon: number of unread notices and messages, and the page. */
export function useTabTitle(): void {
  const { t } = useI18n()
  const route = useRoute()
  const notices = useNotices()
  const chat = useChatUnread()
  const count = computed(() => notices.unreadCount + chat.total)
  watchEffect(() => {
    const page = route.meta.title ? t(route.meta.title) : ''
    document.title = tabTitle(count.value, page)
  })
  watchEffect(() => void drawFavicon(count.value))
}
