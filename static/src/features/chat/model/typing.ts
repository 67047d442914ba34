/** At most one typing event is sent in this time. */
export const typingEveryMs = 3_000
/** A typing event is believed this long. */
export const typingLastsMs = 6_000

/** Says that the user types, at most once per 3 s; `reset` after a send, so that the next word counts at once. */
export function createTypingSignal(send: () => void, now: () => number = Date.now) {
  let lastMs = -Infinity
  return {
    typed(): void {
      if (now() - lastMs < typingEveryMs) return
      lastMs = now()
      send()
    },
    reset(): void {
      lastMs = -Infinity
    },
  }
}

/** Who types, as far as the last 6 s tell. `onChange` is called with the ids. */
export class TypingWatch {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()

  constructor(private readonly onChange: (userIds: string[]) => void) {}

  heard(userId: string): void {
    clearTimeout(this.timers.get(userId))
    this.timers.set(
      userId,
      setTimeout(() => this.forget(userId), typingLastsMs),
    )
    this.tell()
  }

  /** A message of this user arrived, or the user left. */
  forget(userId: string): void {
    clearTimeout(this.timers.get(userId))
    if (this.timers.delete(userId)) this.tell()
  }

  clear(): void {
    for (const timer of this.timers.values()) clearTimeout(timer)
    this.timers.clear()
    this.tell()
  }

  private tell(): void {
    this.onChange([...this.timers.keys()])
  }
}
