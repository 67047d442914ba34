let lastMs = 0
let counter = 0
const counterMax = 0xfff

/**
 * A UUIDv7 (RFC 9562): 48 bits of time in ms, then 12 bits that count up within the same millisecond, so that ids made
 * one after the other also sort that way, then 62 random bits.
 */
export function newUuidV7(nowMs = Date.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs
    counter = 0
  } else if (counter < counterMax) {
    counter += 1
  } else {
    lastMs += 1
    counter = 0
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  for (let index = 0; index < 6; index += 1) bytes[index] = Math.floor(lastMs / 2 ** (8 * (5 - index))) & 0xff
  bytes[6] = 0x70 | (counter >> 8)
  bytes[7] = counter & 0xff
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [0, 8, 12, 16, 20].map((start, index, starts) => hex.slice(start, starts[index + 1])).join('-')
}
