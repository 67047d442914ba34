/** Whole sentences out of a growing text, for screen readers: a voice that reads tokens cannot be followed. */

/** A sentence ends at these, when a space, a line end or a closing sign follows; a line ends one too. */
const ends = /[.!?…]+["'”’)\]*_]*(?=\s)|\n+/g
/** Shorter pieces ("1.", "No.") are read with what follows. */
const shortest = 8

export interface Feed {
  /** How much of the text was read. */
  position: number
  sentences: string[]
}

/** The sentences of `text` after `position` that are complete; with `isOver` also the rest. */
export function readSentences(text: string, position: number, isOver: boolean): Feed {
  const sentences: string[] = []
  let start = position
  for (const match of text.slice(position).matchAll(ends)) {
    const end = position + match.index + match[0].length
    const piece = plainText(text.slice(start, end))
    if (piece.length < shortest && !match[0].startsWith('\n')) continue
    if (piece) sentences.push(piece)
    start = end
  }
  if (isOver) {
    const rest = plainText(text.slice(start))
    if (rest) sentences.push(rest)
    start = text.length
  }
  return { position: start, sentences }
}

/** The words without the signs of Markdown. */
export function plainText(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^\s*(?:#{1,6}|>|[-*+]|```\w*)\s+/gm, '')
    .replace(/[*_`~]+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}
