import { asApiError } from './problem'

/** A fresh UUIDv4 for `Idempotency-Key`. `randomUUID` exists only in a secure context; a school's LAN may be plain http. */
export function newIdempotencyKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [0, 8, 12, 16, 20].map((start, index, starts) => hex.slice(start, starts[index + 1])).join('-')
}

/** Keeps the key of one wish until it was answered: a repeat after a lost answer carries the same key, so it is done once. */
export function createWishKeys() {
  let key = ''
  let keyOf = ''
  return {
    of(wish: unknown): string {
      const text = JSON.stringify(wish)
      if (text !== keyOf) {
        key = newIdempotencyKey()
        keyOf = text
      }
      return key
    },
    /** Runs `action` under the key of `wish`. A refusal is an answer too; without one the key stays. */
    async run<T>(wish: unknown, action: (key: string) => Promise<T>): Promise<T> {
      try {
        const answer = await action(this.of(wish))
        keyOf = ''
        return answer
      } catch (thrown) {
        const { status, code } = asApiError(thrown)
        const isAnswered = status > 0 && status < 500 && code !== 'conflict'
        if (isAnswered) keyOf = ''
        throw thrown
      }
    },
  }
}
