import { ref, watch, type Ref } from 'vue'
import type { CompanionAnswer } from '@/shared/api/companionTypes'
import { isFinal } from '@/features/companion/model/answerStream'
import { readSentences } from '@/features/companion/model/sentences'

/** A live region need not keep more than this. */
const keptSentences = 24

export interface Spoken {
  key: number
  text: string
}

/** What a screen reader is told of the answers that come while somebody is here: whole sentences, in order, each once. */
export function useSentenceFeed(
  answers: Readonly<Ref<readonly CompanionAnswer[]>>,
  hasArrived: (answerId: string) => boolean,
  endText: (answer: CompanionAnswer) => string | null,
) {
  const spoken = ref<Spoken[]>([])
  const positions = new Map<string, number>()
  const told = new Set<string>()
  let nextKey = 1

  function say(sentences: readonly string[]): void {
    if (sentences.length === 0) return
    spoken.value = [...spoken.value, ...sentences.map((text) => ({ key: nextKey++, text }))].slice(-keptSentences)
  }

  watch(
    answers,
    (list) => {
      for (const answer of list) {
        if (told.has(answer.id)) continue
        const isOver = isFinal(answer.status)
        let known = positions.get(answer.id)
        if (known === undefined && hasArrived(answer.id)) known = 0
        if (known === undefined) {
          // Answers of the history are read like any text; of one under way only what is still to come is told.
          if (isOver) told.add(answer.id)
          else positions.set(answer.id, readSentences(answer.text, 0, false).position)
          continue
        }
        const { position, sentences } = readSentences(answer.text, Math.min(known, answer.text.length), isOver)
        positions.set(answer.id, position)
        say(sentences)
        if (!isOver) continue
        positions.delete(answer.id)
        told.add(answer.id)
        const end = endText(answer)
        if (end) say([end])
      }
    },
    { immediate: true },
  )

  return { spoken }
}
