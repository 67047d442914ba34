/** Plain words for why an answer did not come. Codes of the server are grouped; unknown ones still get a sentence. */

export type FailureWords = 'unavailable' | 'busy' | 'slow' | 'cut' | 'empty' | 'setup' | 'other'

const words: [RegExp, FailureWords][] = [
  [/empty/, 'empty'],
  [/stall|time_?out|slow|first_token/, 'slow'],
  [/cut|malformed|broken|interrupted|incomplete/, 'cut'],
  [/busy|rate|quota|overload|429/, 'busy'],
  [/key|auth|refused_key|setup|config|401|403/, 'setup'],
  [/unavailable|unreachable|refused|connect|provider|offline|5\d\d/, 'unavailable'],
]

/** The key under `companion.failure` for an answer's error code. */
export function failureWords(code: string | null | undefined): FailureWords {
  const last = code?.split('.').at(-1) ?? ''
  return words.find(([pattern]) => pattern.test(last))?.[1] ?? 'other'
}
