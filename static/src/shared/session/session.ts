import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import * as auth from '@/shared/api/auth'
import { asApiError, type ApiError } from '@/shared/api/problem'
import type { SessionEnded, User } from '@/shared/api/types'
import { createLogoutTask } from './logoutTask'

export type EndReason = SessionEnded['reason']

const storageKey = 'educounsel.session'

/** Who is logged in in this browser. */
export const useSession = defineStore('session', () => {
  const user = ref<User | null>(null)
  const isKnown = ref(false)
  /** Why the first question "who am I?" got no answer. */
  const bootError = ref<ApiError | null>(null)
  const endReason = ref<EndReason | null>(null)
  const logoutTask = createLogoutTask()
  const role = computed(() => user.value?.role ?? null)

  /** Asks the server once who is logged in; a missing answer is kept in `bootError`. */
  async function load(): Promise<void> {
    if (isKnown.value) return
    bootError.value = null
    if (logoutTask.isLeftOver()) {
      endReason.value = 'logout'
      isKnown.value = true
      void logoutTask.start()
      return
    }
    try {
      user.value = await auth.fetchMe()
      isKnown.value = true
    } catch (thrown) {
      const error = asApiError(thrown)
      if (error.status === 401) isKnown.value = true
      else bootError.value = error
    }
  }

  /** Checks the credentials and starts a session. */
  async function login(credentials: { login: string; password: string }): Promise<User> {
    await logoutTask.finishBeforeLogin()
    const loggedIn = await auth.login(credentials)
    logoutTask.clear()
    user.value = loggedIn
    isKnown.value = true
    endReason.value = null
    notifyOtherTabs(loggedIn.id)
    return loggedIn
  }

  /** Hides everything at once; `logoutState` says when the server has ended the session too. */
  async function logout(): Promise<void> {
    end('logout')
    const ending = logoutTask.start()
    notifyOtherTabs('')
    await ending
  }

  /** The session is over; App.vue leads to the login page. */
  function end(reason: EndReason): void {
    if (!user.value) return
    endReason.value = reason
    user.value = null
    isKnown.value = true
  }

  /** Another tab logged in as somebody else or out: this one must not go on showing the old user. */
  function followOtherTabs(): void {
    addEventListener('storage', (event) => {
      if (event.key !== storageKey) return
      const otherId = (event.newValue ?? '').split(' ')[0]
      if (otherId !== (user.value?.id ?? '')) location.reload()
    })
  }

  return { user, role, isKnown, bootError, endReason, logoutState: logoutTask.state, load, login, logout, end, followOtherTabs }
})

function notifyOtherTabs(userId: string): void {
  try {
    localStorage.setItem(storageKey, `${userId} ${Date.now()}`)
  } catch {
    // The other tabs learn it with their next request.
  }
}
