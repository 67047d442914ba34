export const maxFileBytes = 10 * 1024 * 1024
export const acceptedTypes = ['application/pdf', 'image/png', 'image/jpeg', 'image/webp']

/** What is wrong with a file before it travels; the server looks at the content itself. */
export function fileProblem(file: Pick<File, 'type' | 'size'>): 'type' | 'size' | null {
  if (!acceptedTypes.includes(file.type)) return 'type'
  return file.size > maxFileBytes || file.size === 0 ? 'size' : null
}

/** True for what is shown inline. */
export function isImage(contentType: string): boolean {
  return contentType.startsWith('image/')
}
