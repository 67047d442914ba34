/** The server's limit (docs/api.md); checked here only to answer sooner. */
export const maxFileBytes = 10 * 1024 * 1024

export type FileRefusal = 'notPdf' | 'tooLarge' | 'emptyFile'

/** Why the server would refuse this file, as far as can be told without reading it; null when it may be fine. */
export function refuseFile(file: Pick<File, 'name' | 'size'>): FileRefusal | null {
  if (!file.name.toLowerCase().endsWith('.pdf')) return 'notPdf'
  if (file.size === 0) return 'emptyFile'
  return file.size > maxFileBytes ? 'tooLarge' : null
}
