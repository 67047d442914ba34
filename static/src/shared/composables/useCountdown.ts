import { onScopeDispose, ref } from 'vue'

/** Counts whole seconds down to 0. */
export function useCountdown() {
  const seconds = ref(0)
  let timer: ReturnType<typeof setInterval> | undefined

  function start(from: number): void {
    clearInterval(timer)
    seconds.value = Math.max(0, Math.ceil(from))
    timer = setInterval(() => {
      seconds.value = Math.max(0, seconds.value - 1)
      if (seconds.value === 0) clearInterval(timer)
    }, 1000)
  }

  onScopeDispose(() => clearInterval(timer))
  return { seconds, start }
}
