/** `tel:` address of a number as people write it: "(021) 500-454", "+62 812…", "119 ext. 8" (a pause, then the extension). */
export function telOf(number: string): string {
  const [main = '', extension = ''] = number.split(/(?:ext\.?|ekst\.?|;|,)/i)
  const digits = (part: string) => part.replace(/(?!^\s*\+)[^0-9*#]/g, '').trim()
  return `tel:${digits(main)}${digits(extension) ? `,${digits(extension)}` : ''}`
}

/** The host of an https address, as a label; null for anything else. */
export function siteOf(url: string | null): string | null {
  if (!url || !URL.canParse(url)) return null
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' ? hostname.replace(/^www\./, '') : null
}
