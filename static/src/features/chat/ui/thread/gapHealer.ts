import type { ShallowRef } from 'vue'
import { fetchMessages } from '@/features/chat/api/conversations'
import { hasGap, lastSeqOf, withGapAccepted, withNewerPage, type MessageList } from '@/features/chat/model/messageList'

const healLimit = 100
const healRounds = 20
const healPauseMs = 400
/** A hole that stays after this many questions is none. */
const gapTries = 3

interface GapHealerHooks {
  conversationId: () => string
  list: ShallowRef<MessageList>
  mayHeal: () => boolean
  /** Changes when another stretch is shown: an answer for a former one is not added to it. */
  stretch: () => string
  /** The newest message the conversation is known to have. */
  newestSeq: () => number
}

/** Fetches what is missing in a thread, or came after its end. */
export function createGapHealer({ conversationId, list, mayHeal, stretch, newestSeq }: GapHealerHooks) {
  let healing: Promise<void> | null = null
  let isDue = false
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Brings what came after the last message; asked for again while it runs, it runs once more. */
  function heal(): void {
    if (!mayHeal()) return
    isDue = true
    healing ??= healOnce().finally(() => (healing = null))
  }

  /** The message itself is usually on its way; only when it does not come is it asked for. */
  function healSoon(): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      if (newestSeq() > lastSeqOf(list.value)) heal()
    }, healPauseMs)
  }

  async function healOnce(): Promise<void> {
    const mine = stretch()
    let tries = 0
    for (let round = 0; round < healRounds && isDue; round += 1) {
      isDue = false
      try {
        const answer = await fetchMessages(conversationId(), { after_seq: lastSeqOf(list.value), limit: healLimit })
        if (mine !== stretch()) return
        // The thread follows its end: a page in between is no reason to stop there.
        list.value = { ...withNewerPage(list.value, answer), hasAfter: false }
        if (answer.has_after) isDue = true
        else if (hasGap(list.value) && (tries += 1) < gapTries) isDue = true
        else if (hasGap(list.value)) list.value = withGapAccepted(list.value)
      } catch {
        return
      }
    }
  }

  return { heal, healSoon, stop: () => clearTimeout(timer) }
}
