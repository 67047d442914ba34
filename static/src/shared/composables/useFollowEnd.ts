import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** This close to the end counts as the end. */
const endPx = 48

/**
 * Keeps the end of a growing pane in sight, until the reader scrolls up; from then on nothing moves until they come back to the end. Growth,
 * the keyboard of a phone and a growing composer are followed by observing sizes, while `isWanted`.
 */
export function useFollowEnd(
  scroller: Readonly<Ref<HTMLElement | null>>,
  content: Readonly<Ref<HTMLElement | null>>,
  isWanted: () => boolean = () => true,
) {
  const isAtEnd = ref(true)
  let lastTopPx = 0
  let resizing: ResizeObserver | null = null

  function toEnd(): void {
    isAtEnd.value = true
    const box = scroller.value
    if (!box) return
    box.scrollTop = box.scrollHeight
    lastTopPx = box.scrollTop
  }

  function onScroll(): void {
    const box = scroller.value
    if (!box) return
    const belowPx = box.scrollHeight - box.scrollTop - box.clientHeight
    // Only a movement upwards is the reader's wish, however small; growth below is not, and neither is what a shrinking pane does.
    if (box.scrollTop < lastTopPx - 0.5 && belowPx > 1) isAtEnd.value = false
    else if (belowPx < endPx && box.scrollTop >= lastTopPx) isAtEnd.value = true
    lastTopPx = box.scrollTop
  }

  /** The wheel and the finger say it before anything has moved: the next piece must not pull back. */
  function onWheel(event: WheelEvent): void {
    const box = scroller.value
    if (event.deltaY < 0 && box && box.scrollHeight > box.clientHeight) isAtEnd.value = false
  }

  onMounted(() => {
    scroller.value?.addEventListener('scroll', onScroll, { passive: true })
    scroller.value?.addEventListener('wheel', onWheel, { passive: true })
    if (typeof ResizeObserver === 'undefined') return
    resizing = new ResizeObserver(() => {
      if (isAtEnd.value && isWanted()) toEnd()
    })
    if (scroller.value) resizing.observe(scroller.value)
    if (content.value) resizing.observe(content.value)
  })
  onBeforeUnmount(() => resizing?.disconnect())

  /** Shows `element` from its beginning, and stays there. */
  function showTop(element: HTMLElement): void {
    const box = scroller.value
    if (!box) return
    isAtEnd.value = false
    box.scrollTop += element.getBoundingClientRect().top - box.getBoundingClientRect().top - 8
    lastTopPx = box.scrollTop
  }

  return { isAtEnd, toEnd, showTop }
}
