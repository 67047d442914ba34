import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import * as api from '@/features/companion/api/companion'
import type { CompanionDelta, CompanionEnd, CompanionMessage, CompanionStarted, CompanionThread } from '@/shared/api/companionTypes'
import { asApiError, type ApiError } from '@/shared/api/problem'
import { isFinal } from '@/features/companion/model/answerStream'
import { AnswerWatch } from '@/features/companion/model/answerWatch'
import {
  emptyTranscript,
  gappedIds,
  streamingAnswers,
  takeDelta,
  takeEnd,
  takeSnapshot,
  withMessages,
  withoutEarly,
  type Transcript,
} from '@/features/companion/model/transcript'
import { onRealtime } from '@/shared/realtime/events'
import { useConnection } from '@/shared/stores/connection'

const watchEveryMs = 150
/** Pieces of an answer nobody has told of: after this long the server is asked whose they are. */
const strangerMs = 400

/** One thread with the companion, on this and every other device: history, live answers, and what heals them. */
export function useCompanionThread(wanted: Readonly<Ref<string | null>>) {
  /** The thread that is shown; a new one is known here before the address says so. */
  const id = ref(wanted.value)
  const connection = useConnection()
  const transcript = shallowRef<Transcript>(emptyTranscript)
  const thread = shallowRef<CompanionThread | null>(null)
  const isLoaded = ref(false)
  const hasOlder = ref(false)
  const isLoadingOlder = ref(false)
  const error = shallowRef<ApiError | null>(null)
  const watching = new AnswerWatch()
  /** Answers of other threads: their pieces come to every device too. */
  const elsewhere = new Set<string>()
  /** Answers that came while somebody is here, not with the history. */
  const arrived = new Set<string>()
  const strangers = new Map<string, ReturnType<typeof setTimeout>>()
  let loading: AbortController | null = null

  const isGone = computed(() => error.value?.status === 404)
  const streaming = computed(() => streamingAnswers(transcript.value).at(-1) ?? null)

  function add(messages: readonly CompanionMessage[]): void {
    for (const { id: known } of messages) elsewhere.delete(known)
    transcript.value = withMessages(transcript.value, messages)
  }

  /** Adds what was just asked or answered, here or on another device. */
  function welcome(messages: readonly CompanionMessage[]): void {
    for (const { id: fresh } of messages) arrived.add(fresh)
    add(messages)
  }

  /** Fetches the newest messages; what is shown stays, so it also heals. */
  async function load(): Promise<void> {
    const threadId = id.value
    if (!threadId) return
    loading?.abort()
    const mine = (loading = new AbortController())
    try {
      const { messages, has_before, ...rest } = await api.fetchThread(threadId, null, mine.signal)
      if (mine.signal.aborted) return
      thread.value = rest
      if (!isLoaded.value) hasOlder.value = has_before
      add(messages)
      error.value = null
      isLoaded.value = true
    } catch (thrown) {
      if (!mine.signal.aborted) error.value = asApiError(thrown)
    }
  }

  async function loadOlder(): Promise<void> {
    const first = transcript.value.turns[0]?.question.id
    if (!id.value || !first || isLoadingOlder.value) return
    isLoadingOlder.value = true
    try {
      const { messages, has_before } = await api.fetchThread(id.value, first)
      hasOlder.value = has_before
      add(messages)
    } catch {
      // The button stays; pressing it again tries again.
    } finally {
      isLoadingOlder.value = false
    }
  }

  async function heal(answerId: string): Promise<void> {
    try {
      transcript.value = takeSnapshot(transcript.value, await api.fetchAnswer(answerId))
    } catch {
      // The watch asks again.
    }
  }

  /** Loads an older version when it is flipped to. */
  async function loadVersion(answerId: string): Promise<void> {
    if (transcript.value.streams.has(answerId)) return
    add([await api.fetchAnswer(answerId)])
  }

  function started({ thread_id, question, answer }: CompanionStarted): void {
    if (thread_id !== id.value) {
      elsewhere.add(answer.id)
      return
    }
    watching.hear(answer.id, Date.now())
    // Of a further version the question is known, and may not be told again.
    welcome(question ? [question, answer] : [answer])
  }

  function delta(piece: CompanionDelta): void {
    if (elsewhere.has(piece.message_id) || !id.value) return
    watching.hear(piece.message_id, Date.now())
    transcript.value = takeDelta(transcript.value, piece)
    if (!transcript.value.streams.has(piece.message_id)) askWhose(piece.message_id)
  }

  function ended(end: CompanionEnd): void {
    if (end.thread_id !== id.value) return
    transcript.value = takeEnd(transcript.value, end)
    if (!transcript.value.streams.has(end.message_id)) askWhose(end.message_id)
  }

  function askWhose(answerId: string): void {
    if (strangers.has(answerId)) return
    strangers.set(
      answerId,
      setTimeout(() => void meet(answerId), strangerMs),
    )
  }

  async function meet(answerId: string): Promise<void> {
    strangers.delete(answerId)
    if (transcript.value.streams.has(answerId)) return
    try {
      const answer = await api.fetchAnswer(answerId)
      if (answer.thread_id === id.value) await load()
      else {
        elsewhere.add(answerId)
        transcript.value = withoutEarly(transcript.value, answerId)
      }
    } catch {
      transcript.value = withoutEarly(transcript.value, answerId)
    }
  }

  const timer = setInterval(() => {
    const gapped = new Set(gappedIds(transcript.value))
    const watched = streamingAnswers(transcript.value).map((answer) => ({
      id: answer.id,
      hasGap: gapped.has(answer.id),
      isStreaming: !isFinal(answer.status),
    }))
    const isLive = connection.state === 'quiet' || connection.state === 'back'
    for (const due of watching.due(watched, isLive, Date.now())) void heal(due)
  }, watchEveryMs)

  const stops = [
    onRealtime('companion.started', started),
    onRealtime('companion.delta', delta),
    onRealtime('companion.done', ended),
    onRealtime('companion.failed', ended),
    onRealtime('lists.stale', () => void load()),
    // Between the history and the socket pieces may have passed by unheard.
    onRealtime('realtime.ready', () => streamingAnswers(transcript.value).forEach((answer) => void heal(answer.id))),
  ]

  function reset(): void {
    loading?.abort()
    for (const waiting of strangers.values()) clearTimeout(waiting)
    strangers.clear()
    transcript.value = emptyTranscript
    thread.value = null
    isLoaded.value = false
    hasOlder.value = false
    error.value = null
  }

  /** The thread was just made here: what is shown already belongs to it. */
  function adopt(made: CompanionThread): void {
    id.value = made.id
    thread.value = made
    isLoaded.value = true
  }

  watch(wanted, (now) => {
    if (now === id.value) return
    id.value = now
    reset()
    void load()
  })
  void load()
  onScopeDispose(() => {
    clearInterval(timer)
    for (const stop of stops) stop()
    reset()
  })

  return {
    transcript,
    thread,
    streaming,
    isLoaded,
    isGone,
    error,
    hasOlder,
    isLoadingOlder,
    load,
    loadOlder,
    loadVersion,
    add,
    welcome,
    adopt,
    hasArrived: (answerId: string) => arrived.has(answerId),
  }
}
