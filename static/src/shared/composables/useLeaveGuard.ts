import { computed, onScopeDispose, shallowRef } from 'vue'
import { onBeforeRouteLeave } from 'vue-router'

/** Lets the browser ask before the tab is closed or loaded again while `isWanted`. */
export function useUnloadWarning(isWanted: () => boolean): void {
  const warn = (event: BeforeUnloadEvent) => {
    if (isWanted()) event.preventDefault()
  }
  addEventListener('beforeunload', warn)
  onScopeDispose(() => removeEventListener('beforeunload', warn))
}

/**
 * Asks before a page with unsaved changes is left: by a dialog of the page (`isAsking`, `answer`) inside the app, else by the browser. Whose session
 * is over is not asked: nothing can be saved any more.
 */
export function useLeaveGuard(isDirty: () => boolean) {
  const pending = shallowRef<((mayLeave: boolean) => void) | null>(null)

  function answer(mayLeave: boolean): void {
    pending.value?.(mayLeave)
    pending.value = null
  }

  useUnloadWarning(isDirty)
  onBeforeRouteLeave((to) => {
    answer(false)
    if (!isDirty() || to.name === 'login') return true
    return new Promise<boolean>((resolve) => (pending.value = resolve))
  })
  return { isAsking: computed(() => pending.value !== null), answer }
}
