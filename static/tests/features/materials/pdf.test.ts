import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RangeReader } from '@/features/materials/ui/pdf/readRange'
import { RenewedLink } from '@/features/materials/ui/pdf/signedLink'

const hour = 3_600_000
const linkAt = (url: string, expiresAt: number) => ({ url, expires_at: new Date(expiresAt).toISOString() })

describe('RenewedLink', () => {
  it('keeps a link while it is good and renews it before it ends', async () => {
    let now = 0
    const fetchLink = vi.fn(async () => linkAt(`/files/${fetchLink.mock.calls.length}`, now + hour))
    const link = new RenewedLink(fetchLink, () => now)
    expect(await link.url()).toBe('/files/1')
    now = hour - 61_000
    expect(await link.url()).toBe('/files/1')
    now = hour - 59_000
    expect(await link.url()).toBe('/files/2')
  })

  it('asks once for several callers', async () => {
    const fetchLink = vi.fn(async () => linkAt('/files/1', Date.now() + hour))
    const link = new RenewedLink(fetchLink)
    await Promise.all([link.url(), link.url(), link.renew()])
    expect(fetchLink).toHaveBeenCalledTimes(1)
  })
})

describe('RangeReader', () => {
  const fetchMock = vi.fn<typeof fetch>()
  const bytes = new Uint8Array([1, 2, 3, 4, 5, 6])
  const makeReader = () => {
    let count = 0
    return new RangeReader(new RenewedLink(async () => linkAt(`/files/${(count += 1)}`, Date.now() + hour)))
  }

  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('fetch', fetchMock)
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
    fetchMock.mockReset()
  })

  it('asks for the range', async () => {
    fetchMock.mockResolvedValue(new Response(bytes.slice(2, 4), { status: 206 }))
    expect(await makeReader().read(2, 4)).toEqual(new Uint8Array([3, 4]))
    expect(fetchMock.mock.calls[0]?.[1]?.headers).toEqual({ Range: 'bytes=2-3' })
  })

  it('renews a refused link and reads on', async () => {
    fetchMock.mockResolvedValueOnce(new Response('', { status: 404 }))
    fetchMock.mockResolvedValueOnce(new Response(bytes.slice(0, 2), { status: 206 }))
    expect(await makeReader().read(0, 2)).toEqual(new Uint8Array([1, 2]))
    expect(fetchMock.mock.calls.map(([url]) => url)).toEqual(['/files/1', '/files/2'])
  })

  it('gives up when the renewed link is refused too', async () => {
    fetchMock.mockImplementation(async () => new Response('', { status: 403 }))
    await expect(makeReader().read(0, 2)).rejects.toMatchObject({ status: 403 })
    expect(fetchMock).toHaveBeenCalledTimes(2)
  })

  it('tries again on a weak network', async () => {
    fetchMock.mockRejectedValueOnce(new TypeError('network'))
    fetchMock.mockResolvedValueOnce(new Response(bytes.slice(0, 2), { status: 206 }))
    const reading = makeReader().read(0, 2)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await reading).toEqual(new Uint8Array([1, 2]))
  })

  it('keeps the whole file when the storage ignores ranges', async () => {
    fetchMock.mockResolvedValue(new Response(bytes, { status: 200 }))
    const reader = makeReader()
    expect(await reader.read(0, 2)).toEqual(new Uint8Array([1, 2]))
    expect(await reader.read(4, 6)).toEqual(new Uint8Array([5, 6]))
    expect(fetchMock).toHaveBeenCalledTimes(1)
  })
})
