import { computed, ref, shallowRef, type Ref } from 'vue'
import * as api from '@/features/companion/api/companion'
import type { CompanionThread } from '@/shared/api/companionTypes'
import { newIdempotencyKey } from '@/shared/api/idempotency'
import { asApiError, type ApiError } from '@/shared/api/problem'
import { newUuidV7 } from '@/features/chat/model/uuidv7'
import { useCompanion } from '@/features/companion/store/companion'
import type { useCompanionThread } from './useCompanionThread'

/** A question on its way. */
export interface CompanionOutgoing {
  clientId: string
  body: string
  /** Why it is not there; null while it is being sent. */
  error: ApiError | null
}

/** What asking changes in the thread that is open. */
type OpenCompanionThread = Pick<ReturnType<typeof useCompanionThread>, 'add' | 'welcome' | 'adopt'>

/** Asks, stops, asks again. A question that did not arrive keeps its words and its id, so a repeat never asks twice. */
export function useAsking(threadId: Readonly<Ref<string | null>>, thread: OpenCompanionThread, made: (thread: CompanionThread) => void) {
  const companion = useCompanion()
  const outgoing = shallowRef<CompanionOutgoing | null>(null)
  const stopping = ref<ReadonlySet<string>>(new Set())
  const isRegenerating = ref(false)
  const limit = shallowRef<{ until: number } | null>(null)
  const isSending = computed(() => outgoing.value !== null && outgoing.value.error === null)
  let threadKey = newIdempotencyKey()

  async function send(body: string, clientId = newUuidV7()): Promise<void> {
    if (isSending.value) return
    outgoing.value = { clientId, body, error: null }
    try {
      const id = threadId.value ?? (await makeThread())
      const { question, answer } = await api.ask(id, clientId, body)
      outgoing.value = null
      thread.welcome([question, answer])
      limit.value = null
      void companion.loadInfo()
    } catch (thrown) {
      const error = asApiError(thrown)
      outgoing.value = { clientId, body, error }
      recordLimit(error)
    }
  }

  async function makeThread(): Promise<string> {
    const fresh = await api.createThread(threadKey)
    threadKey = newIdempotencyKey()
    thread.adopt(fresh)
    made(fresh)
    return fresh.id
  }

  function retry(): void {
    const last = outgoing.value
    if (last?.error) void send(last.body, last.clientId)
  }

  /** Gives the words back, to be changed. */
  function takeBack(): string {
    const body = outgoing.value?.body ?? ''
    outgoing.value = null
    return body
  }

  async function stop(answerId: string): Promise<void> {
    if (stopping.value.has(answerId)) return
    stopping.value = new Set([...stopping.value, answerId])
    try {
      thread.add([await api.stopAnswer(answerId)])
    } finally {
      stopping.value = new Set([...stopping.value].filter((id) => id !== answerId))
    }
  }

  async function regenerate(answerId: string): Promise<string | null> {
    if (isRegenerating.value) return null
    isRegenerating.value = true
    try {
      const answer = await api.regenerateAnswer(answerId)
      thread.welcome([answer])
      void companion.loadInfo()
      return answer.id
    } catch (thrown) {
      const error = asApiError(thrown)
      recordLimit(error)
      if (error.code === 'companion.daily_limit') return null
      throw error
    } finally {
      isRegenerating.value = false
    }
  }

  function recordLimit(error: ApiError): void {
    if (error.code === 'companion.daily_limit') limit.value = { until: Date.now() + (error.retryAfterSeconds ?? 3_600) * 1_000 }
  }

  function reset(): void {
    outgoing.value = null
    stopping.value = new Set()
  }

  return { outgoing, isSending, stopping, isRegenerating, limit, send, retry, takeBack, stop, regenerate, reset }
}
