import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { deleteMessage, editMessage, fetchConversation, fetchMessages } from '@/features/chat/api/conversations'
import type { Conversation, Message, MessageRead, Watermarks } from '@/shared/api/chatTypes'
import { asApiError, type ApiError } from '@/shared/api/problem'
import { instantOf } from '@/shared/calendar/days'
import { mergeMarks } from '@/features/chat/model/marks'
import {
  emptyList,
  firstSeqOf,
  hasGap,
  lastSeqOf,
  withMessage,
  withNewerPage,
  withOlderPage,
  withPage,
  type MessageList,
} from '@/features/chat/model/messageList'
import { buildTimeline } from '@/features/chat/model/timeline'
import { createTypingSignal, TypingWatch } from '@/features/chat/model/typing'
import { useChannel } from '@/shared/realtime/useChannel'
import { conversationChannel } from '@/shared/realtime/deskEvents'
import { onRealtime } from '@/shared/realtime/events'
import { triggerOn } from '@/shared/realtime/liveChannels'
import { useChatOutbox } from '@/features/chat/store/chatOutbox'
import { useChatUnread } from '@/features/chat/store/chatUnread'
import { useSchool } from '@/shared/stores/school'
import { useSession } from '@/shared/session/session'
import { createGapHealer } from './gapHealer'
import { createReadMarker } from './readMarker'
import { forgetThread, recallThread, rememberFor, rememberThread } from './threadMemory'

const pageLimit = 50
/** How much of what was read before stays above the first new message. */
const contextAbove = 12

/** One open conversation: its messages, what is being sent, who is there, how far everything was read. */
export function useThread(id: Readonly<Ref<string>>, options: { mayType: () => boolean }) {
  const session = useSession()
  const school = useSchool()
  const outbox = useChatOutbox()
  const unread = useChatUnread()

  const conversation = shallowRef<Conversation | null>(null)
  const list = shallowRef<MessageList>(emptyList)
  const isLoaded = ref(false)
  const isLoadingOlder = ref(false)
  const isLoadingNewer = ref(false)
  const error = shallowRef<ApiError | null>(null)
  /** The conversation is no longer this user's. */
  const isGone = ref(false)
  const newAfterSeq = ref<number | null>(null)
  const typingIds = ref<string[]>([])
  const memberIds = ref<string[]>([])
  const otherMarks = shallowRef<Watermarks | null>(null)
  let run = 0
  /** Counts the stretches shown: an answer for another stretch than the one on the screen is not added to it. */
  let stretch = 0

  const ownId = computed(() => session.user?.id ?? '')
  const other = computed(() => {
    const current = conversation.value
    if (!current) return null
    return current.student.id === ownId.value ? current.counsellor : current.student
  })
  /** A counsellor sees that somebody waits, not what was written. */
  const isQueueEntry = computed(() => conversation.value?.state === 'waiting' && session.role !== 'student')
  const outgoing = computed(() => outbox.items.filter(({ conversationId }) => conversationId === id.value))
  const rows = computed(() =>
    buildTimeline({
      messages: list.value.items,
      outgoing: outgoing.value,
      ownId: ownId.value,
      zone: school.zone,
      newAfterSeq: newAfterSeq.value,
    }),
  )
  const isTyping = computed(() => typingIds.value.some((userId) => userId !== ownId.value))
  const isOtherHere = computed(() => other.value !== null && memberIds.value.includes(other.value.id))
  const typingWatch = new TypingWatch((ids) => (typingIds.value = ids))
  const { heal, healSoon, ...healer } = createGapHealer({
    conversationId: () => id.value,
    list,
    mayHeal: () => isLoaded.value && !isQueueEntry.value && !list.value.hasAfter,
    stretch: () => `${run}.${stretch}`,
    newestSeq: () => conversation.value?.last_seq ?? 0,
  })
  const readMarker = createReadMarker({
    conversationId: () => id.value,
    run: () => run,
    onAnswer({ unread_count, delivered_seq, read_seq }) {
      if (conversation.value) conversation.value = { ...conversation.value, unread_count, own: { delivered_seq, read_seq } }
      unread.refresh()
    },
  })
  const typingSignal = createTypingSignal(() => void triggerOn(conversationChannel(id.value), 'client-typing', {}))

  /** Opens the conversation, at the first unread message when there are any. */
  async function load(): Promise<void> {
    const mine = (run += 1)
    readMarker.hold()
    error.value = null
    isGone.value = false
    rememberFor(ownId.value)
    const remembered = recallThread(id.value)
    conversation.value = remembered?.conversation ?? null
    list.value = remembered?.list ?? emptyList
    isLoaded.value = remembered !== null
    try {
      const fresh = await fetchConversation(id.value)
      if (mine !== run) return
      takeConversation(fresh)
      if (!isQueueEntry.value) await loadFirstPage(fresh, mine)
      if (mine === run) isLoaded.value = true
    } catch (thrown) {
      if (mine !== run) return
      void readMarker.release()
      const problem = asApiError(thrown)
      isGone.value = problem.status === 404
      // What is remembered may be read without a network.
      if (!isLoaded.value || isGone.value) error.value = problem
    }
  }

  async function loadFirstPage(fresh: Conversation, mine: number): Promise<void> {
    const read = fresh.own.read_seq ?? 0
    readMarker.raise(read)
    newAfterSeq.value = fresh.unread_count > 0 ? read : null
    void readMarker.release()
    const isFarBack = fresh.unread_count > 0 && fresh.last_seq - read > pageLimit - contextAbove
    const query = isFarBack ? { after_seq: Math.max(0, read - contextAbove) } : {}
    const page = await fetchMessages(fresh.id, { ...query, limit: pageLimit })
    if (mine !== run) return
    stretch += 1
    list.value = withPage(list.value, page)
    if (hasGap(list.value)) heal()
  }

  async function loadOlder(): Promise<void> {
    if (isLoadingOlder.value || !list.value.hasBefore) return
    await page(isLoadingOlder, { before_seq: firstSeqOf(list.value) }, withOlderPage)
  }

  async function loadNewer(): Promise<void> {
    if (isLoadingNewer.value || !list.value.hasAfter) return
    await page(isLoadingNewer, { after_seq: lastSeqOf(list.value) }, withNewerPage)
  }

  async function page(flag: Ref<boolean>, query: { before_seq?: number; after_seq?: number }, apply: typeof withOlderPage): Promise<void> {
    const mine = run
    const base = stretch
    flag.value = true
    try {
      const answer = await fetchMessages(id.value, { ...query, limit: pageLimit })
      if (mine === run && base === stretch) list.value = apply(list.value, answer)
    } catch {
      // Scrolling on, or the next reconnect, asks again.
    } finally {
      flag.value = false
    }
  }

  /** Shows the messages around a moment; returns the first of that day, or the one before it. */
  async function jumpToDay(day: string): Promise<number | null> {
    const at = instantOf(day, 0, school.zone).toISOString()
    return jump({ around: at, limit: pageLimit }, (messages) => messages.find(({ created_at }) => created_at >= at) ?? messages.at(-1))
  }

  /** Shows one message with its neighbours. */
  async function jumpToSeq(seq: number): Promise<number | null> {
    if (list.value.items.some((message) => message.seq === seq)) return seq
    return jump({ after_seq: Math.max(0, seq - pageLimit / 2), limit: pageLimit }, (messages) =>
      messages.find((message) => message.seq === seq),
    )
  }

  /** Shows the end of the conversation. */
  async function jumpToEnd(): Promise<void> {
    if (list.value.hasAfter) await jump({ limit: pageLimit }, (messages) => messages.at(-1))
  }

  async function jump(
    query: Parameters<typeof fetchMessages>[1],
    pick: (messages: Message[]) => Message | undefined,
  ): Promise<number | null> {
    const mine = run
    const asked = (stretch += 1)
    const answer = await fetchMessages(id.value, query)
    if (mine !== run || asked !== stretch) return null
    list.value = withPage(emptyList, answer)
    return pick(answer.items)?.seq ?? null
  }

  /** Sends; the thread shows it at once. */
  function send(body: string, file: File | null = null): void {
    outbox.send(id.value, body, file)
    typingSignal.reset()
    newAfterSeq.value = null
    void jumpToEnd().catch(() => undefined)
  }

  async function edit(message: Message, body: string): Promise<void> {
    const changed = await editMessage(message, body)
    list.value = withMessage(list.value, changed)
  }

  async function remove(message: Message): Promise<void> {
    const changed = await deleteMessage(message)
    list.value = withMessage(list.value, changed)
  }

  /** The message and everything before it was on the screen while somebody looked. */
  async function seen(seq: number): Promise<void> {
    if (conversation.value && !isQueueEntry.value) await readMarker.see(seq)
  }

  function typed(): void {
    if (options.mayType()) typingSignal.typed()
  }

  function takeConversation(changed: Conversation): void {
    conversation.value = changed
    otherMarks.value = changed.other && otherMarks.value ? mergeMarks(otherMarks.value, changed.other) : changed.other
    isGone.value = false
  }

  function takeRead({ user_id, delivered_seq, read_seq }: MessageRead): void {
    if (user_id === ownId.value) {
      // Read on another device: the divider has done its work.
      if (read_seq !== null) readMarker.raise(read_seq)
    } else otherMarks.value = mergeMarks(otherMarks.value, { delivered_seq, read_seq })
  }

  const channel = computed(() => (isGone.value || !conversation.value || isQueueEntry.value ? null : conversationChannel(id.value)))
  useChannel(channel)
  const isMine = (event: { conversation_id: string }) => event.conversation_id === id.value
  const stops = [
    onRealtime('message.created', ({ message }) => {
      if (!isMine(message)) return
      typingWatch.forget(message.sender_id)
      list.value = withMessage(list.value, message)
      if (hasGap(list.value)) heal()
    }),
    onRealtime('message.changed', ({ message }) => {
      if (isMine(message)) list.value = withMessage(list.value, message)
    }),
    onRealtime('message.read', (event) => {
      if (isMine(event)) takeRead(event)
    }),
    onRealtime('typing', (event) => {
      if (isMine(event) && event.user_id !== ownId.value) typingWatch.heard(event.user_id)
    }),
    onRealtime('channel.joined', (event) => {
      if (event.channel === channel.value) heal()
    }),
    onRealtime('channel.members', (event) => {
      if (event.channel === channel.value) memberIds.value = event.user_ids
    }),
    onRealtime('conversation.changed', ({ change, conversation: changed, conversation_id }) => {
      if (conversation_id !== id.value) return
      if (change === 'left' || !changed) {
        isGone.value = true
        list.value = emptyList
        forgetThread(conversation_id)
        return
      }
      const wasQueueEntry = isQueueEntry.value
      takeConversation(changed)
      if (wasQueueEntry && !isQueueEntry.value) void load()
      else if (changed.last_seq > lastSeqOf(list.value)) healSoon()
    }),
    onRealtime('lists.stale', () => (isLoaded.value && !isQueueEntry.value ? void refresh() : void load())),
  ]

  /** After an absence: the state of the conversation, and what was written since. */
  async function refresh(): Promise<void> {
    heal()
    const mine = run
    try {
      const fresh = await fetchConversation(id.value)
      if (mine === run) takeConversation(fresh)
    } catch (thrown) {
      if (mine === run && asApiError(thrown).status === 404) isGone.value = true
    }
  }

  function remember(conversationId: string): void {
    if (conversation.value && isLoaded.value && !isGone.value && !list.value.hasAfter) {
      rememberThread(conversationId, { conversation: conversation.value, list: list.value })
    }
  }

  watch(
    id,
    (_, former) => {
      if (former) remember(former)
      typingWatch.clear()
      memberIds.value = []
      otherMarks.value = null
      readMarker.reset()
      void load()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    remember(id.value)
    run += 1
    healer.stop()
    typingWatch.clear()
    for (const stop of stops) stop()
  })

  return {
    conversation,
    list,
    rows,
    other,
    otherMarks,
    isLoaded,
    isLoadingOlder,
    isLoadingNewer,
    error,
    isGone,
    isQueueEntry,
    isTyping,
    isOtherHere,
    outgoing,
    newAfterSeq,
    load,
    loadOlder,
    loadNewer,
    jumpToDay,
    jumpToSeq,
    jumpToEnd,
    send,
    edit,
    remove,
    seen,
    typed,
    takeConversation,
  }
}
