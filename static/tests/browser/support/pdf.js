// Real PDF files, and what they are known by.
import { createHash } from 'node:crypto'

export { makePdf } from '../../../../tests/support/node/testkit.js'

/** The SHA-256 of some bytes, in hex. */
export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
