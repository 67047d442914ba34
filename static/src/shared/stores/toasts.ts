import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { NoticeCreated } from '@/shared/api/types'

export type ToastContent =
  | { kind: 'notice'; notice: NoticeCreated }
  | { kind: 'summary'; count: number }
  | { kind: 'chat'; conversationId: string; name: string }
  /** Stays until it is looked at, dismissed, or somebody took care. */
  | { kind: 'risk'; alertId: string; level: number }
  | { kind: 'message'; tone: 'ok' | 'danger'; text: string }

export type Toast = ToastContent & { key: number }

export const maxStackedToasts = 3

/** The short messages stacked in the corner; each is also to be found elsewhere. */
export const useToasts = defineStore('toasts', () => {
  const stack = ref<Toast[]>([])
  let nextKey = 1

  /** Adds a toast; over the limit the oldest one makes room, those about a risk last. */
  function push(content: ToastContent): void {
    const all: Toast[] = [...stack.value, { ...content, key: nextKey }]
    nextKey += 1
    const overflow = all.length > maxStackedToasts ? (all.find(({ kind }) => kind !== 'risk') ?? all[0]) : undefined
    stack.value = all.filter((toast) => toast !== overflow)
  }

  /** A new message of a conversation takes the place of the toast about the one before. */
  function pushChat(conversationId: string, name: string): void {
    stack.value = stack.value.filter((toast) => toast.kind !== 'chat' || toast.conversationId !== conversationId)
    push({ kind: 'chat', conversationId, name })
  }

  /** One toast per alert, however often it is raised. */
  function pushRisk(alertId: string, level: number): void {
    dismissRisk(alertId)
    push({ kind: 'risk', alertId, level })
  }

  function dismissRisk(alertId: string): void {
    stack.value = stack.value.filter((toast) => toast.kind !== 'risk' || toast.alertId !== alertId)
  }

  function dismiss(key: number): void {
    stack.value = stack.value.filter((toast) => toast.key !== key)
  }

  function clear(): void {
    stack.value = []
  }

  return { stack, push, pushChat, pushRisk, dismissRisk, dismiss, clear }
})
