import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { configureClient } from '@/api/client'
import { i18n, setLocale } from '@/i18n'
import { router } from '@/router'
import { usePreferences } from '@/stores/preferences'
import { useSession } from '@/stores/session'
import App from './App.vue'
import './styles/main.css'

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
