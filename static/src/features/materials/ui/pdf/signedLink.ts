import type { SignedLink } from '@/shared/api/types'

/** A link this close to its end is renewed before it is used. */
const renewBeforeMs = 60_000

/** The signed address of a file, renewed before it runs out and when the storage refuses it. */
export class RenewedLink {
  private link: SignedLink | null = null
  private renewing: Promise<SignedLink> | null = null

  constructor(
    private readonly fetchLink: () => Promise<SignedLink>,
    private readonly now: () => number = Date.now,
  ) {}

  /** An address that is good for at least a minute. */
  async url(): Promise<string> {
    const isGood = this.link && Date.parse(this.link.expires_at) - this.now() > renewBeforeMs
    if (isGood && this.link) return this.link.url
    return this.renew()
  }

  /** A new address; several callers at once share one request. */
  async renew(): Promise<string> {
    this.renewing ??= this.fetchLink().finally(() => (this.renewing = null))
    this.link = await this.renewing
    return this.link.url
  }
}
