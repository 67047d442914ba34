import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/shared/api/problem'
import { student } from '../../support/samples'

const api = vi.hoisted(() => ({ login: vi.fn(), logout: vi.fn(), fetchMe: vi.fn() }))
vi.mock('@/shared/api/auth', () => api)

const { useSession } = await import('@/shared/session/session')

const away = () => new ApiError({ code: 'client.offline' })

async function loggedIn() {
  const session = useSession()
  api.login.mockResolvedValue(student)
  await session.login({ login: 'a', password: 'b' })
  return session
}

describe('logging out', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.resetAllMocks()
    setActivePinia(createPinia())
    localStorage.clear()
  })
  afterEach(() => {
    useSession().$dispose()
    vi.clearAllTimers()
    vi.useRealTimers()
  })

  it('is over when the server says so', async () => {
    const session = await loggedIn()
    api.logout.mockResolvedValue(undefined)
    const ending = session.logout()
    expect(session.user).toBeNull()
    expect(session.logoutState).toBe('running')
    await ending
    expect(session.logoutState).toBe('none')
    expect(session.endReason).toBe('logout')
  })

  it('says that it failed and tries until the server has answered', async () => {
    const session = await loggedIn()
    api.logout.mockRejectedValue(away())
    await session.logout()
    expect(session.logoutState).toBe('failing')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(api.logout.mock.calls.length).toBeGreaterThan(3)
    expect(session.logoutState).toBe('failing')
    api.logout.mockRejectedValue(new ApiError({ code: 'auth.required', status: 401 }))
    dispatchEvent(new Event('online'))
    await vi.advanceTimersByTimeAsync(0)
    expect(session.logoutState).toBe('none')
  })

  it('waits as long as the server asks for', async () => {
    const session = await loggedIn()
    api.logout.mockRejectedValue(new ApiError({ code: 'rate_limited', status: 429, retryAfterSeconds: 20 }))
    await session.logout()
    await vi.advanceTimersByTimeAsync(19_000)
    expect(api.logout).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(api.logout).toHaveBeenCalledTimes(2)
  })

  it('does not come back by a reload while the server has not ended the session', async () => {
    api.logout.mockRejectedValue(away())
    await (await loggedIn()).logout()
    setActivePinia(createPinia())
    const reloaded = useSession()
    api.fetchMe.mockResolvedValue(student)
    await reloaded.load()
    await vi.advanceTimersByTimeAsync(0)
    expect(reloaded.user).toBeNull()
    expect(api.fetchMe).not.toHaveBeenCalled()
    expect(reloaded.logoutState).toBe('failing')
  })

  it('never ends the session of who logged in since', async () => {
    api.logout.mockRejectedValue(away())
    const session = await loggedIn()
    await session.logout()
    await loggedIn()
    const asked = api.logout.mock.calls.length
    await vi.advanceTimersByTimeAsync(300_000)
    expect(api.logout).toHaveBeenCalledTimes(asked)
    expect(session.user).toEqual(student)
    expect(session.logoutState).toBe('none')
  })
})
