import { watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute } from 'vue-router'
import { drawFavicon, tabTitle } from '@/realtime/tabBadge'
import { useNotices } from '@/stores/notices'

/** Keeps the tab's title and icon: unread number and page. */
export function useTabTitle(): void {
  const { t } = useI18n()
  const route = useRoute()
  const notices = useNotices()
  watchEffect(() => {
    const page = route.meta.title ? t(route.meta.title) : ''
    document.title = tabTitle(notices.unreadCount, page)
  })
  watchEffect(() => void drawFavicon(notices.unreadCount))
}
