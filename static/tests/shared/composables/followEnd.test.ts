import { mount } from '@vue/test-utils'
import { defineComponent, h, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import { useFollowEnd } from '@/shared/composables/useFollowEnd'

/** A pane of 100 px whose content is as high as told; happy-dom lays nothing out. */
function openPane() {
  const size = { scrollHeight: 500, clientHeight: 100 }
  const box = document.createElement('div')
  for (const name of ['scrollHeight', 'clientHeight'] as const) Object.defineProperty(box, name, { get: () => size[name] })
  const scroller = ref<HTMLElement | null>(box)
  let follow: ReturnType<typeof useFollowEnd> | undefined
  mount(
    defineComponent({
      setup() {
        follow = useFollowEnd(scroller, scroller)
        return () => h('div')
      },
    }),
  )
  if (!follow) throw new Error('not mounted')
  const { isAtEnd, toEnd } = follow
  const scrollTo = (top: number) => {
    box.scrollTop = top
    box.dispatchEvent(new Event('scroll'))
  }
  return { size, box, isAtEnd, toEnd, scrollTo }
}

describe('following the end', () => {
  it('ends with the smallest movement upwards and begins again at the end', () => {
    const { isAtEnd, toEnd, scrollTo } = openPane()
    toEnd()
    scrollTo(400)
    expect(isAtEnd.value).toBe(true)
    scrollTo(396)
    expect(isAtEnd.value).toBe(false)
    scrollTo(390)
    expect(isAtEnd.value).toBe(false)
    scrollTo(398)
    expect(isAtEnd.value).toBe(true)
  })

  it('goes on while content grows and when the pane shrinks under the reader', () => {
    const { size, isAtEnd, toEnd, scrollTo } = openPane()
    toEnd()
    scrollTo(400)
    size.scrollHeight = 700
    scrollTo(400)
    expect(isAtEnd.value).toBe(true)
    size.scrollHeight = 300
    scrollTo(200)
    expect(isAtEnd.value).toBe(true)
  })

  it('ends with the wheel, before anything has moved', () => {
    const { box, isAtEnd, toEnd } = openPane()
    toEnd()
    box.dispatchEvent(new WheelEvent('wheel', { deltaY: 5 }))
    expect(isAtEnd.value).toBe(true)
    box.dispatchEvent(new WheelEvent('wheel', { deltaY: -5 }))
    expect(isAtEnd.value).toBe(false)
  })
})
