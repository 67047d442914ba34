/** Unsent words per conversation, kept while the tab lives: going to another page must not cost them. */
const drafts = new Map<string, string>()

export function draftOf(conversationId: string): string {
  return drafts.get(conversationId) ?? ''
}

export function keepDraft(conversationId: string, text: string): void {
  if (text.trim()) drafts.set(conversationId, text)
  else drafts.delete(conversationId)
}
