import { computed, nextTick, watch, type Ref } from 'vue'

/** Most characters the server takes in one message, to people and to the companion. */
const longest = 4_000
const tallestPx = 168

/** What every box to write in does: grows with its text, says by how much that is too long, and knows which keys send. */
export function useWritingBox(box: Readonly<Ref<HTMLTextAreaElement | null>>, text: Readonly<Ref<string>>) {
  const hasKeyboard = typeof matchMedia === 'undefined' || !matchMedia('(pointer: coarse)').matches
  const tooLong = computed(() => Math.max(0, text.value.trim().length - longest))

  function fit(): void {
    const area = box.value
    if (!area) return
    area.style.height = 'auto'
    area.style.height = `${Math.min(tallestPx, area.scrollHeight + 2)}px`
  }

  /** Enter sends with a keyboard; on touch it is a new line, as Shift+Enter is everywhere. */
  function isSendKey(event: KeyboardEvent): boolean {
    return event.key === 'Enter' && !event.isComposing && !event.shiftKey && (hasKeyboard || event.ctrlKey || event.metaKey)
  }

  watch(text, () => void nextTick(fit), { immediate: true })
  return { tooLong, isSendKey }
}
