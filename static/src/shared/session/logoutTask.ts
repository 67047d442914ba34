import { ref, type Ref } from 'vue'
import * as auth from '@/shared/api/auth'
import { asApiError } from '@/shared/api/problem'
import { jitterMs } from '@/shared/realtime/jitter'

const storageKey = 'educounsel.logout'
const retryBaseMs = 2_000
const retryMaxMs = 60_000

export interface LogoutTask {
  /** `running`: the server has not answered yet; `failing`: it could not be asked, and is asked again. */
  state: Ref<'none' | 'running' | 'failing'>
  /** Did this browser ask for a logout that was never confirmed? */
  isLeftOver: () => boolean
  /** Asks the server until it has ended the session. */
  start: () => Promise<void>
  /** Asks once more if a logout is due, then forgets it: a new session takes the cookie's place. */
  finishBeforeLogin: () => Promise<void>
  /** Forgets it. */
  clear: () => void
}

/**
 * Ends the session on the server, however long that takes. The cookie is out of reach of this page: until the server has spoken,
 * the next person at this device could go on as this user. The wish outlives a reload.
 */
export function createLogoutTask(): LogoutTask {
  const state = ref<'none' | 'running' | 'failing'>('none')
  let timer: ReturnType<typeof setTimeout> | undefined
  let attempt = 0

  async function start(): Promise<void> {
    remember()
    state.value = 'running'
    attempt = 0
    addEventListener('online', tryNow)
    await tryOnce()
  }

  async function tryOnce(): Promise<void> {
    clearTimeout(timer)
    const failure = await ask()
    if (state.value === 'none') return
    if (!failure) return clear()
    state.value = 'failing'
    const pauseMs = Math.min(retryMaxMs, retryBaseMs * 2 ** attempt)
    attempt += 1
    timer = setTimeout(retry, Math.max(pauseMs, (failure.retryAfterSeconds ?? 0) * 1_000) + jitterMs(pauseMs / 2))
  }

  /** Another tab may have finished it, or have logged in: then there is nothing to end any more. */
  function retry(): void {
    if (isRemembered() === false) clear()
    else void tryOnce()
  }

  function tryNow(): void {
    if (state.value === 'failing') retry()
  }

  async function finishBeforeLogin(): Promise<void> {
    if (state.value === 'none') return
    clearTimeout(timer)
    await ask()
  }

  function clear(): void {
    clearTimeout(timer)
    removeEventListener('online', tryNow)
    state.value = 'none'
    forget()
  }

  return { state, isLeftOver: () => isRemembered() === true, start, finishBeforeLogin, clear }
}

/** Returns why the session may still be there; null when it certainly is not. */
async function ask(): Promise<ReturnType<typeof asApiError> | null> {
  try {
    await auth.logout()
    return null
  } catch (thrown) {
    const error = asApiError(thrown)
    return error.status === 401 ? null : error
  }
}

function remember(): void {
  try {
    localStorage.setItem(storageKey, '1')
  } catch {
    // Without storage the wish lasts as long as this page.
  }
}

function forget(): void {
  try {
    localStorage.removeItem(storageKey)
  } catch {
    // It was not remembered either.
  }
}

/** Null when there is no storage to ask. */
function isRemembered(): boolean | null {
  try {
    return localStorage.getItem(storageKey) !== null
  } catch {
    return null
  }
}
