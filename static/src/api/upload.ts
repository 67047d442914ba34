import { postForm, type MultipartOptions } from './multipart'
import type { MaterialDetail, MaterialStatus } from './types'

export interface MaterialDraft {
  title: string
  category: string
  body: string
  status: MaterialStatus
  file: File | null
}

export interface UploadOptions extends MultipartOptions {
  idempotencyKey: string
}

/** Creates a material. Throws like `postForm`. */
export function uploadMaterial(draft: MaterialDraft, options: UploadOptions): Promise<MaterialDetail> {
  return postForm('/materials', toFormData(draft), options)
}

/** The text fields go first, so that the server can refuse them before the file has travelled. */
function toFormData(draft: MaterialDraft): FormData {
  const form = new FormData()
  form.set('title', draft.title)
  form.set('category', draft.category)
  form.set('status', draft.status)
  if (draft.body) form.set('body', draft.body)
  if (draft.file) form.set('file', draft.file, draft.file.name)
  return form
}
