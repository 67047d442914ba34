/** Why a webhook was not delivered: the server keeps its own words (`PostError` in src/backends/webhook_post.rs), the page says them in its language. */

const known = {
  'the address does not read': 'badAddress',
  'the address is not on the public internet': 'notPublic',
  'no answer in time': 'timedOut',
  'not reachable': 'unreachable',
} as const

export type DeliveryProblem =
  { key: (typeof known)[keyof typeof known] } | { key: 'status'; status: string } | { key: 'other'; words: string }

/** Reads the server's words; what a newer server says stays as it is. */
export function deliveryProblem(words: string): DeliveryProblem {
  const status = /^answered with status (\d+)$/.exec(words)?.[1]
  if (status) return { key: 'status', status }
  return words in known ? { key: known[words as keyof typeof known] } : { key: 'other', words }
}
