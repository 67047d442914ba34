import { computed, nextTick, ref, watch, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { openConversation } from '@/features/chat/api/conversations'
import type { Conversation, MessageHit } from '@/shared/api/chatTypes'
import { newIdempotencyKey } from '@/shared/api/idempotency'
import { asApiError } from '@/shared/api/problem'
import { useErrorText } from '@/shared/i18n/useErrorText'
import { useMediaQuery } from '@/shared/composables/useMediaQuery'
import { useToasts } from '@/shared/stores/toasts'

const shortestQuery = 2

/** What both chat pages share: which conversation is open, the search, and links that open a conversation with somebody. */
export function useChatPage(basePath: string, items: Readonly<Ref<readonly Conversation[]>>, isReady: Readonly<Ref<boolean>>) {
  const route = useRoute()
  const router = useRouter()
  const toasts = useToasts()
  const errorText = useErrorText()
  const isWide = useMediaQuery('(min-width: 64rem)')
  const query = ref('')
  const targetSeq = ref<number | null>(null)
  const openId = computed(() => (typeof route.params['id'] === 'string' && route.params['id'] !== '' ? route.params['id'] : null))
  const isSearching = computed(() => query.value.trim().length >= shortestQuery)

  function show(id: string, isReplacing = false): Promise<unknown> {
    const to = { path: `${basePath}/${id}` }
    return isReplacing ? router.replace(to) : router.push(to)
  }

  /** Opens a found message in its conversation. */
  async function pick(hit: MessageHit): Promise<void> {
    await show(hit.conversation_id)
    await nextTick()
    targetSeq.value = hit.seq
  }

  /** Follows a link like `?student=…`: opens the conversation with that person, which is created when there is none. */
  async function openWith(person: { counsellor_id: string } | { student_id: string }): Promise<void> {
    try {
      const conversation = await openConversation(person, newIdempotencyKey())
      await show(conversation.id, true)
    } catch (thrown) {
      toasts.push({ kind: 'message', tone: 'danger', text: errorText.ofError(asApiError(thrown)) })
      await router.replace(basePath)
    }
  }

  const personWanted = (name: 'counsellor' | 'student') => (typeof route.query[name] === 'string' ? route.query[name] : null)

  // On a wide screen an empty pane is a waste: the newest conversation is opened by itself.
  watch(
    [isReady, isWide, openId, items],
    () => {
      const first = items.value[0]
      if (!isReady.value || !isWide.value || openId.value || !first || first.state === 'waiting') return
      if (route.path.replace(/\/$/, '') !== basePath || Object.keys(route.query).length > 0) return
      void show(first.id, true)
    },
    { immediate: true },
  )

  return { openId, query, isSearching, targetSeq, isWide, show, pick, openWith, personWanted }
}
