import { ApiError } from '@/shared/api/problem'
import type { RenewedLink } from './signedLink'

const maxAttempts = 3
const pauseMs = 1_000

/** Reads bytes of one file by range requests: renews the link when refused, tries again on a weak network. */
export class RangeReader {
  /** Set when the storage ignores ranges and sent everything. */
  private whole: Uint8Array | null = null

  constructor(private readonly link: RenewedLink) {}

  /** The bytes `begin..end` (end exclusive). Throws ApiError. */
  async read(begin: number, end: number): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.whole) return this.whole.slice(begin, end)
      try {
        return await this.readOnce(begin, end, attempt === 1)
      } catch (error) {
        const isFinal = error instanceof ApiError && error.status !== 0
        if (isFinal || attempt === maxAttempts) throw error
        await new Promise((resolve) => setTimeout(resolve, pauseMs * attempt))
      }
    }
  }

  private async readOnce(begin: number, end: number, mayRenew: boolean): Promise<Uint8Array> {
    let response = await fetchRange(await this.link.url(), begin, end)
    if (mayRenew && (response.status === 403 || response.status === 404)) {
      response = await fetchRange(await this.link.renew(), begin, end)
    }
    if (!response.ok) throw new ApiError({ code: 'not_found', status: response.status })
    const bytes = await bytesOf(response)
    if (response.status === 206) return bytes
    this.whole = bytes
    return bytes.slice(begin, end)
  }
}

async function fetchRange(url: string, begin: number, end: number): Promise<Response> {
  try {
    return await fetch(url, { headers: { Range: `bytes=${begin}-${end - 1}` } })
  } catch {
    throw new ApiError({ code: 'client.offline' })
  }
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer())
  } catch {
    throw new ApiError({ code: 'client.offline' })
  }
}
