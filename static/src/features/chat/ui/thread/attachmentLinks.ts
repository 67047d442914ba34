import { fetchAttachmentLink } from '@/features/chat/api/conversations'
import type { Message } from '@/shared/api/chatTypes'

interface Link {
  url: string
  goodUntil: number
}

/** A signed address is renewed this long before it ends. */
const spareMs = 120_000
const links = new Map<string, Promise<Link>>()

/** The address of an inline image; asked for once as long as it is good. */
export async function inlineLink(message: Pick<Message, 'id' | 'conversation_id'>): Promise<string> {
  const known = links.get(message.id)
  if (known) {
    const link = await known.catch(() => null)
    if (link && link.goodUntil > Date.now()) return link.url
  }
  const asked = fetchAttachmentLink(message, 'inline').then(({ url, expires_at }) => ({ url, goodUntil: Date.parse(expires_at) - spareMs }))
  links.set(message.id, asked)
  try {
    return (await asked).url
  } catch (thrown) {
    links.delete(message.id)
    throw thrown
  }
}

/** Lets the browser save the file. */
export async function saveAttachment(message: Pick<Message, 'id' | 'conversation_id'>, name: string): Promise<void> {
  const { url } = await fetchAttachmentLink(message, 'attachment')
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = name
  document.body.append(anchor)
  anchor.click()
  anchor.remove()
}
