/** A random delay below `maxMs`: a whole school must not ask the server in the same instant. */
export function jitterMs(maxMs: number): number {
  return Math.floor(Math.random() * maxMs)
}

export interface Coalesced {
  /** Asks for a run; further asks before it ran are the same one. */
  request: () => void
  cancel: () => void
}

/** Runs `task` once, `baseMs` plus up to `spreadMs()` after the first ask. */
export function coalesce(task: () => void, baseMs: number, spreadMs: () => number): Coalesced {
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    request() {
      timer ??= setTimeout(
        () => {
          timer = undefined
          task()
        },
        baseMs + jitterMs(spreadMs()),
      )
    },
    cancel() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
