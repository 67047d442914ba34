/** Letters and digits that cannot be mistaken for one another when read aloud. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'
const groups = 4
const groupLength = 4

/** A password an admin can hand over: four groups of four, about 79 bits. */
export function newPassword(): string {
  const limit = 256 - (256 % alphabet.length)
  const letters: string[] = []
  while (letters.length < groups * groupLength) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      if (byte < limit) letters.push(alphabet.charAt(byte % alphabet.length))
    }
  }
  return Array.from({ length: groups }, (_, group) => letters.slice(group * groupLength, (group + 1) * groupLength).join('')).join('-')
}
