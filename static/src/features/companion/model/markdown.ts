/**
 * Markdown of answers, by an allow-list: no HTML of the model, no images, links to https only. markdown-it makes the HTML with every raw tag
 * escaped, DOMPurify lets only the listed elements through: either of them alone would do.
 */
import DOMPurify, { type Config } from 'dompurify'
import createMarkdown from 'markdown-it'

const allowed: Config = {
  ALLOWED_TAGS: [
    'p',
    'br',
    'strong',
    'em',
    's',
    'code',
    'pre',
    'ul',
    'ol',
    'li',
    'blockquote',
    'hr',
    'a',
    'table',
    'thead',
    'tbody',
    'tr',
    'th',
    'td',
    '#text',
  ],
  ALLOWED_ATTR: ['href', 'start'],
  ALLOWED_URI_REGEXP: /^https:\/\//i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  RETURN_DOM_FRAGMENT: true,
}

const markdown = createMarkdown({ html: false, linkify: true, breaks: true, typographer: false })
// `text` + `---` would turn a paragraph into a heading while it is being written; references let a later line change an earlier one.
markdown.disable(['image', 'html_block', 'html_inline', 'lheading', 'reference'])
markdown.validateLink = (url) => isAllowedLink(url)
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false })
// A bubble is no chapter of the page: its headings are bold lines.
markdown.renderer.rules['heading_open'] = () => '<p><strong>'
markdown.renderer.rules['heading_close'] = () => '</strong></p>\n'
// Their alignment would be a style attribute, which the CSP refuses loudly.
markdown.renderer.rules['th_open'] = () => '<th>'
markdown.renderer.rules['td_open'] = () => '<td>'

const purifier = DOMPurify(window)
purifier.addHook('afterSanitizeAttributes', (node) => {
  if (node.nodeName !== 'A') return
  const href = node.getAttribute('href')
  if (href === null || !isAllowedLink(href)) {
    node.removeAttribute('href')
    return
  }
  node.setAttribute('target', '_blank')
  node.setAttribute('rel', 'noopener noreferrer nofollow')
})

/** Only https, and no name or password in front of the host that makes it look like another one. */
export function isAllowedLink(url: string): boolean {
  if (!/^https:\/\//i.test(url) || !URL.canParse(url)) return false
  const { protocol, username, password } = new URL(url)
  return protocol === 'https:' && username === '' && password === ''
}

/** The HTML of each block (paragraph, list, …): while an answer grows only the last ones change. Not yet purified. */
export function renderBlocks(text: string, isGrowing: boolean): string[] {
  const environment = {}
  const tokens = markdown.parse(isGrowing ? mendTail(text) : text, environment)
  const blocks: string[] = []
  let start = 0
  tokens.forEach((token, index) => {
    if (token.level > 0 || token.nesting > 0) return
    blocks.push(markdown.renderer.render(tokens.slice(start, index + 1), markdown.options, environment))
    start = index + 1
  })
  return blocks
}

/** Nodes with nothing but what the allow-list names. */
export function purify(html: string): DocumentFragment {
  return purifier.sanitize(html, allowed) as unknown as DocumentFragment
}

/**
 * Closes what is open at the end of a text that is not finished: `**bold` is shown bold at once and does not jump when its end comes;
 * the beginning of a link shows its words only.
 */
export function mendTail(text: string): string {
  if ((text.match(/^ {0,3}```/gm) ?? []).length % 2 === 1) return text
  const start = text.lastIndexOf('\n\n') + 1
  return text.slice(0, start) + closeMarks(withoutHalfLink(withoutLoneMarks(text.slice(start))))
}

/** A line of which only the sign of a list, heading or quote is there yet, or an opening mark without words. */
function withoutLoneMarks(tail: string): string {
  return tail
    .replace(/(^|\n)[ \t]*(?:[-*+]|\d{1,3}[.)]?|#{1,6}|>|`{1,2}|-{2,})[ \t]*$/, '$1')
    .replace(/(^|\s)(?:\*{1,3}|_{1,2}|~{1,2}|`)$/, '$1')
}

function withoutHalfLink(tail: string): string {
  return tail.replace(/!?\[([^\]\n]*)(?:\](?:\([^)\s]*)?)?$/, '$1')
}

function closeMarks(tail: string): string {
  if ((tail.match(/`/g) ?? []).length % 2 === 1) return `${tail}\``
  const words = tail.replace(/`[^`]*`/g, '').replace(/^[ \t]*[*+-][ \t]/gm, '')
  const isBoldOpen = (words.match(/\*\*/g) ?? []).length % 2 === 1
  const isEmphasisOpen = (words.replace(/\*\*/g, '').match(/\*/g) ?? []).length % 2 === 1
  if (!isBoldOpen && !isEmphasisOpen) return tail
  const bare = tail.trimEnd()
  // `**bold*` waits for its second star.
  if (isBoldOpen && isEmphasisOpen && bare.endsWith('*')) return `${bare}*`
  return bare + (isEmphasisOpen ? '*' : '') + (isBoldOpen ? '**' : '')
}
