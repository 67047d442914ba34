import { enableAutoUnmount, flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import ChatComposer from '@/features/chat/ui/composer/ChatComposer.vue'
import { messageOf } from './samples'
import { mountApp } from '../../support/mountApp'

const canned = [
  { id: '1', shortcut: 'salam', body: 'Halo {nama}, ada yang bisa dibantu?', scope: 'own' as const },
  { id: '2', shortcut: 'tutup', body: 'Terima kasih, {nama}.', scope: 'school' as const },
]

/** Another conversation for every test: drafts are kept. */
let conversation = 0

async function openComposer(props: Record<string, unknown> = {}) {
  const app = await mountApp(ChatComposer, {
    conversationId: `c${conversation}`,
    editing: null,
    canned: null,
    studentName: 'Ayu Lestari',
    ...props,
  })
  const box = app.get('composer-text')
  const press = async (key: string, extra: Record<string, unknown> = {}) => {
    await box.trigger('keydown', { key, ...extra })
    await flushPromises()
  }
  const text = () => (box.element as HTMLTextAreaElement).value
  return { ...app, box, press, text }
}

enableAutoUnmount(afterEach)

describe('composer', () => {
  beforeEach(() => (conversation += 1))
  afterEach(() => document.body.replaceChildren())

  it('sends with Enter, trims, and is empty and focused for the next message', async () => {
    const { box, press, text, wrapper } = await openComposer()
    await box.setValue('  Halo Bu  ')
    await press('Enter', { shiftKey: true })
    expect(wrapper.emitted('send')).toBeUndefined()
    await press('Enter')
    expect(wrapper.emitted('send')).toEqual([['Halo Bu', null]])
    expect(text()).toBe('')
    expect(document.activeElement).toBe(box.element)
  })

  it('does not send nothing, or more than the server takes', async () => {
    const { box, get, press, wrapper } = await openComposer()
    await box.setValue('   ')
    await press('Enter')
    expect(get('composer-send').attributes('disabled')).toBeDefined()
    await box.setValue('x'.repeat(4_001))
    await press('Enter')
    expect(wrapper.emitted('send')).toBeUndefined()
    expect(wrapper.text()).toContain('Terlalu panjang 1 huruf')
  })

  it('does not send while an input method composes', async () => {
    const { box, press, wrapper } = await openComposer()
    await box.setValue('にほん')
    await press('Enter', { isComposing: true })
    expect(wrapper.emitted('send')).toBeUndefined()
  })

  it('keeps unsent words per conversation', async () => {
    const { box, text, wrapper } = await openComposer({ conversationId: `draft-${conversation}` })
    await box.setValue('belum selesai')
    await wrapper.setProps({ conversationId: 'another' })
    expect(text()).toBe('')
    await wrapper.setProps({ conversationId: `draft-${conversation}` })
    expect(text()).toBe('belum selesai')
  })

  it('calls quick replies with a slash, by keyboard alone', async () => {
    const { box, get, press, text, wrapper } = await openComposer({ canned })
    await box.setValue('/')
    expect(wrapper.findAll('[data-testid="canned-option"]')).toHaveLength(2)
    expect(box.attributes('aria-activedescendant')).toBe(wrapper.findAll('[role="option"]')[0]?.attributes('id'))
    await press('ArrowDown')
    expect(wrapper.findAll('[role="option"]')[1]?.attributes('aria-selected')).toBe('true')
    await press('Enter')
    expect(text()).toBe('Terima kasih, Ayu.')
    expect(wrapper.emitted('send')).toBeUndefined()
    await press('Enter')
    expect(wrapper.emitted('send')).toEqual([['Terima kasih, Ayu.', null]])
    await box.setValue('/sa')
    await press('Escape')
    expect(wrapper.find('[data-testid="canned-menu"]').exists()).toBe(false)
    expect(get('composer-send').attributes('disabled')).toBeUndefined()
  })

  it('says that somebody types, but not for a command', async () => {
    const { box, wrapper } = await openComposer({ canned })
    await box.setValue('/sal')
    expect(wrapper.emitted('typed')).toBeUndefined()
    await box.setValue('halo')
    expect(wrapper.emitted('typed')).toHaveLength(1)
  })

  it('edits: shows the old text, saves the new one, and gives the draft back', async () => {
    const { box, press, text, wrapper } = await openComposer({ conversationId: `edit-${conversation}` })
    await box.setValue('draf')
    await wrapper.setProps({ editing: messageOf(1, { body: 'lama' }) })
    await flushPromises()
    expect(text()).toBe('lama')
    await box.setValue('baru')
    await press('Enter')
    expect(wrapper.emitted('save')).toEqual([['baru']])
    await press('Escape')
    expect(wrapper.emitted('stopEditing')).toHaveLength(1)
    await wrapper.setProps({ editing: null })
    expect(text()).toBe('draf')
  })

  it('edits the last message with the up arrow in an empty box', async () => {
    const { box, press, wrapper } = await openComposer()
    await press('ArrowUp')
    expect(wrapper.emitted('editLast')).toHaveLength(1)
    await box.setValue('ada isi')
    await press('ArrowUp')
    expect(wrapper.emitted('editLast')).toHaveLength(1)
  })

  it('takes files, refuses others by name, and sends the words with the first', async () => {
    const { box, get, press, wrapper } = await openComposer()
    const picker = get('composer-picker').element as HTMLInputElement
    const choose = async (...files: File[]) => {
      Object.defineProperty(picker, 'files', { value: files, configurable: true })
      await get('composer-picker').trigger('change')
    }
    await choose(new File(['x'], 'a.exe', { type: 'application/x-msdownload' }))
    expect(get('composer-problem').text()).toContain('a.exe')
    const first = new File(['x'], 'a.png', { type: 'image/png' })
    const second = new File(['x'], 'b.pdf', { type: 'application/pdf' })
    await choose(first, second)
    expect(wrapper.find('[data-testid="composer-problem"]').exists()).toBe(false)
    await box.setValue('ini fotonya')
    await press('Enter')
    expect(wrapper.emitted('send')).toEqual([
      ['ini fotonya', first],
      ['', second],
    ])
    expect(wrapper.findAll('[data-testid="composer-file"]')).toHaveLength(0)
  })
})
