import { createPinia, setActivePinia } from 'pinia'
import { nextTick } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import HelpButton from '@/features/help/ui/HelpButton.vue'
import { cleaned, isStale, moved, newHotline, problemsOf } from '@/features/help/ui/hotlines/hotlineForm'
import { siteOf, telOf } from '@/features/help/model/phone'
import { useHelp } from '@/features/help/store/help'
import { usePreferences } from '@/shared/stores/preferences'
import { mountApp } from '../../support/mountApp'
import { answer } from '../../support/samples'

const card = {
  title: 'Kamu tidak sendirian',
  lines: ['Satu', 'Dua'],
  hotlines: [
    {
      id: 'h1',
      name: 'Darurat',
      number: '119',
      url: 'https://www.healing119.id',
      hours: '24 jam',
      note: 'Catatan',
      checked_on: '2026-07-01',
    },
  ],
  version: '3',
}
const serve = (body: unknown = card) => vi.spyOn(globalThis, 'fetch').mockImplementation(() => Promise.resolve(answer(200, body)))
const beOffline = () => vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('failed to fetch'))

describe('the help card', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('is kept in the browser and shown without a connection', async () => {
    serve()
    await useHelp().prepare()
    setActivePinia(createPinia())
    beOffline()
    const help = useHelp()
    help.open()
    await help.refresh()
    expect(help.card?.title).toBe(card.title)
  })

  it('is asked for once in a while, and whenever it is opened', async () => {
    const fetches = serve()
    const help = useHelp()
    await help.prepare()
    await help.prepare()
    expect(fetches).toHaveBeenCalledTimes(1)
    help.open()
    expect(fetches).toHaveBeenCalledTimes(2)
  })

  it('is kept per language', async () => {
    serve()
    const help = useHelp()
    await help.prepare()
    serve({ ...card, title: 'You are not alone' })
    usePreferences().locale = 'en'
    await nextTick()
    await vi.waitFor(() => expect(help.card?.title).toBe('You are not alone'))
    beOffline()
    usePreferences().locale = 'id'
    await nextTick()
    expect(help.card?.title).toBe(card.title)
  })

  it('ignores an answer that is no card', async () => {
    serve({ nothing: true })
    const help = useHelp()
    await help.prepare()
    expect(help.card).toBeNull()
  })
})

describe('the help button', () => {
  afterEach(() => document.body.replaceChildren())

  it('opens the card that came with the page when no other ever arrived', async () => {
    beOffline()
    const { get } = await mountApp(HelpButton)
    await get('help').trigger('click')
    const calls = [...document.querySelectorAll('[data-testid="hotline-call"]')].map((link) => link.getAttribute('href'))
    expect(calls).toEqual(['tel:119', 'tel:129'])
  })

  it('opens the school’s card with numbers to tap', async () => {
    serve()
    const { get } = await mountApp(HelpButton)
    await vi.waitFor(() => expect(useHelp().card).not.toBeNull())
    await get('help').trigger('click')
    expect(document.body.textContent).toContain('healing119.id')
    expect(get('hotline-call').attributes('href')).toBe('tel:119')
  })
})

describe('hotlines', () => {
  it('are dialled as written', () => {
    expect(['119', '+62 812-3456', '(021) 500 454', '119 ext. 8', '1500-454,9'].map(telOf)).toEqual([
      'tel:119',
      'tel:+628123456',
      'tel:021500454',
      'tel:119,8',
      'tel:1500454,9',
    ])
    expect(['https://www.healing119.id/a', 'http://x.id', 'x', null].map(siteOf)).toEqual(['healing119.id', null, null, null])
  })

  it('are checked before they are saved', () => {
    const fresh = newHotline('h', '2026-11-21')
    expect(problemsOf(fresh)).toEqual({ name: 'required', number: 'required', hours: 'required', noteId: 'required', noteEn: 'required' })
    const good = { ...fresh, name: 'A', number: '+62 (21) 119', hours: '24 jam', note: { id: 'a', en: 'b' } }
    expect(problemsOf(good)).toEqual({})
    expect(problemsOf({ ...good, number: 'seratus', url: 'http://x.id', checked_on: '' })).toEqual({
      number: 'number',
      url: 'url',
      checked_on: 'required',
    })
    expect(cleaned({ ...good, name: ' A ', url: ' ' })).toMatchObject({ name: 'A', url: null })
  })

  it('are stale after a year and can be put in order', () => {
    const now = Date.parse('2026-11-21')
    expect([isStale({ checked_on: '2025-11-22' }, now), isStale({ checked_on: '2025-11-20' }, now)]).toEqual([false, true])
    expect([moved([1, 2, 3], 0, 1), moved([1, 2, 3], 0, -1), moved([1, 2, 3], 2, -1)]).toEqual([
      [2, 1, 3],
      [1, 2, 3],
      [1, 3, 2],
    ])
  })
})
