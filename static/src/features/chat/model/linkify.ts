export type TextPart = { kind: 'text'; text: string } | { kind: 'link'; text: string; url: string }

const links = /https?:\/\/[^\s<>"']+/gi
const trailing = /[.,;:!?)\]}]+$/

/** Splits a message into text and web addresses; punctuation after an address is not part of it. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.matchAll(links)) {
    const url = match[0].replace(trailing, '')
    if (!URL.canParse(url)) continue
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) })
    parts.push({ kind: 'link', text: url, url })
    end = match.index + url.length
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}

/** Splits `text` at the words of a search, so that they can be marked. */
export function markWords(text: string, query: string): { text: string; isHit: boolean }[] {
  const words = query
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  if (words.length === 0) return [{ text, isHit: false }]
  return text
    .split(new RegExp(`(${words.join('|')})`, 'giu'))
    .map((part, index) => ({ text: part, isHit: index % 2 === 1 }))
    .filter((part) => part.text)
}
