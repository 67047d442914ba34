import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import LoginPage from '@/features/accounts/pages/LoginPage.vue'
import { answer, student } from '../../support/samples'
import { mountApp } from '../../support/mountApp'

const fetchMock = vi.fn<typeof fetch>()

async function logIn() {
  const app = await mountApp(LoginPage)
  await app.get('login').setValue(' Siswa1 ')
  await app.get('password').setValue('rahasia-demo')
  await app.get('login-form').trigger('submit')
  await flushPromises()
  return app
}

describe('login page', () => {
  beforeEach(() => vi.stubGlobal('fetch', fetchMock))
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
    fetchMock.mockReset()
    document.body.replaceChildren()
  })

  it('leads to the dashboard of the role', async () => {
    fetchMock.mockResolvedValue(answer(200, { user: student }))
    const { router } = await logIn()
    expect(fetchMock.mock.calls[0]?.[1]?.body).toBe('{"login":"siswa1","password":"rahasia-demo"}')
    expect(router.currentRoute.value.path).toBe('/student/dashboard')
  })

  it('says that the credentials are wrong and empties the password', async () => {
    fetchMock.mockResolvedValue(answer(401, { code: 'auth.invalid_credentials' }))
    const { get } = await logIn()
    expect(get('login-error').text()).toBe('Nama pengguna atau kata sandi salah.')
    expect((get('password').element as HTMLInputElement).value).toBe('')
  })

  it('counts down after too many attempts', async () => {
    vi.useFakeTimers()
    fetchMock.mockResolvedValue(answer(429, { code: 'auth.too_many_attempts' }, { 'Retry-After': '3' }))
    const { get } = await logIn()
    expect(get('login-error').text()).toContain('3 detik')
    expect(get('submit').attributes('disabled')).toBeDefined()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(get('submit').attributes('disabled')).toBeUndefined()
  })

  it('asks for what is missing without asking the server', async () => {
    const { get, wrapper } = await mountApp(LoginPage)
    await get('login-form').trigger('submit')
    expect(wrapper.text()).toContain('Wajib diisi.')
    expect(get('login').attributes('aria-invalid')).toBe('true')
    expect(fetchMock).not.toHaveBeenCalled()
  })
})
