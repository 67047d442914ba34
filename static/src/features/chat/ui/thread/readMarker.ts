import { markRead } from '@/features/chat/api/conversations'

type ReadAnswer = Awaited<ReturnType<typeof markRead>>

interface ReadMarkerHooks {
  /** The conversation that is open. */
  conversationId: () => string
  /** Changes when another one is opened: what was under way for the former is dropped. */
  run: () => number
  onAnswer: (answer: ReadAnswer) => void
}

/** Tells the server how far was read, one request at a time. What fails is told again by the next look. */
export function createReadMarker({ conversationId, run, onAnswer }: ReadMarkerHooks) {
  let readUpTo = 0
  let seenUpTo = 0
  let isTelling = false
  let isHeld = false

  /** The message and everything before it was on the screen while somebody looked. */
  async function see(seq: number): Promise<void> {
    seenUpTo = Math.max(seenUpTo, seq)
    if (!isHeld) await tell()
  }

  /** Tells nothing until `release`: the server is still to say what was unread, and would not if it were told first. */
  function hold(): void {
    isHeld = true
  }

  /** Tells what was seen meanwhile, and from now on at once. */
  async function release(): Promise<void> {
    isHeld = false
    await tell()
  }

  async function tell(): Promise<void> {
    if (isTelling || seenUpTo <= readUpTo) return
    isTelling = true
    const mine = run()
    try {
      while (mine === run() && seenUpTo > readUpTo) {
        const upTo = seenUpTo
        const answer = await markRead(conversationId(), upTo)
        if (mine !== run()) break
        raise(upTo)
        onAnswer(answer)
      }
    } catch {
      seenUpTo = readUpTo
    } finally {
      isTelling = false
    }
  }

  /** The server knows that this much was read. */
  function raise(seq: number): void {
    readUpTo = Math.max(readUpTo, seq)
  }

  function reset(): void {
    readUpTo = seenUpTo = 0
  }

  return { see, hold, release, raise, reset }
}
