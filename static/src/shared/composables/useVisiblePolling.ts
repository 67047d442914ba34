import { onScopeDispose } from 'vue'

/** Runs `task` every `everyMs` while the page is looked at, and at once when it is looked at again; never twice at a time. */
export function useVisiblePolling(task: () => Promise<unknown>, everyMs: number): void {
  let isRunning = false

  async function run(): Promise<void> {
    if (document.hidden || isRunning) return
    isRunning = true
    try {
      await task()
    } finally {
      isRunning = false
    }
  }

  const whenVisible = () => void run()
  const timer = setInterval(() => void run(), everyMs)
  document.addEventListener('visibilitychange', whenVisible)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', whenVisible)
  })
}
