import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { NoticeCreated } from '@/api/types'

export type ToastContent =
  | { kind: 'notice'; notice: NoticeCreated }
  | { kind: 'summary'; count: number }
  | { kind: 'chat'; conversationId: string; name: string }
  | { kind: 'message'; tone: 'ok' | 'danger'; text: string }

export type Toast = ToastContent & { key: number }

export const maxStackedToasts = 3

/** The short messages stacked in the corner; each is also to be found elsewhere. */
export const useToasts = defineStore('toasts', () => {
  const stack = ref<Toast[]>([])
  let nextKey = 1

  /** Adds a toast; over the limit the oldest one makes room. */
  function push(content: ToastContent): void {
    stack.value = [...stack.value, { ...content, key: nextKey }].slice(-maxStackedToasts)
    nextKey += 1
  }

  /** A new message of a conversation takes the place of the toast about the one before. */
  function pushChat(conversationId: string, name: string): void {
    stack.value = stack.value.filter((toast) => toast.kind !== 'chat' || toast.conversationId !== conversationId)
    push({ kind: 'chat', conversationId, name })
  }

  function dismiss(key: number): void {
    stack.value = stack.value.filter((toast) => toast.key !== key)
  }

  function clear(): void {
    stack.value = []
  }

  return { stack, push, pushChat, dismiss, clear }
})
