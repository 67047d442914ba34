import type { CannedReply } from '@/shared/api/chatTypes'

/** A shortcut as the server takes it. */
export const shortcutPattern = /^[a-z0-9-]{1,32}$/
export const nameToken = '{nama}'

/** What stands after the slash when the whole text is a call for a canned reply; null otherwise. */
export function cannedQuery(text: string): string | null {
  const match = /^\/([^\s/]{0,32})$/.exec(text)
  return match ? (match[1] ?? '').toLowerCase() : null
}

/** Replies that match: shortcuts that begin so first, then those that contain it, then texts that do. */
export function matchCanned(replies: readonly CannedReply[], query: string, limit = 8): CannedReply[] {
  const rank = ({ shortcut, body }: CannedReply) => {
    if (shortcut.startsWith(query)) return 0
    if (shortcut.includes(query)) return 1
    return body.toLowerCase().includes(query) ? 2 : 3
  }
  return replies
    .filter((reply) => rank(reply) < 3)
    .sort((a, b) => rank(a) - rank(b) || a.shortcut.localeCompare(b.shortcut))
    .slice(0, limit)
}

/** The text with the student's first name in the place of its token. */
export function fillCanned(body: string, studentName: string): string {
  return body.replaceAll(nameToken, studentName.split(' ')[0] ?? '')
}
