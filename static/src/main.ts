import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { configureClient } from '@/shared/api/client'
import { i18n, setLocale } from '@/shared/i18n'
import { router } from '@/app/router'
import { usePreferences } from '@/shared/stores/preferences'
import { useSession } from '@/shared/session/session'
import App from './App.vue'
import '@/styles/main.css'

async function boot(): Promise<void> {
  const app = createApp(App).use(createPinia())
  const session = useSession()
  const preferences = usePreferences()
  configureClient({
    onUnauthorized: () => session.end('expired'),
    acceptLanguage: () => preferences.locale,
  })
  session.followOtherTabs()
  await setLocale(preferences.locale)
  app.use(i18n).use(router)
  await router.isReady()
  app.mount('#app')
}

// A page split off by a build that the server no longer has: fetch the new build, once.
addEventListener('vite:preloadError', (event) => {
  if (sessionStorage.getItem('educounsel.reloaded')) return
  sessionStorage.setItem('educounsel.reloaded', '1')
  event.preventDefault()
  location.reload()
})

void boot()
