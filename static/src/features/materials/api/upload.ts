import { request } from '@/shared/api/client'
import { postForm, type MultipartOptions } from '@/shared/api/multipart'
import { asApiError } from '@/shared/api/problem'
import type { MaterialDetail, MaterialStatus } from '@/shared/api/types'

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

/** How long one question may take, in ms. */
const askTimeoutMs = 5_000

/**
 * Asks what became of the upload with this key, which nobody waited for: its material, or null when nothing of it is stored, nor will be. Throws
 * ApiError; `conflict` while the server is still at work on it.
 */
export async function askOutcome(idempotencyKey: string, signal?: AbortSignal): Promise<MaterialDetail | null> {
  try {
    return await request<MaterialDetail>('/materials', { method: 'POST', idempotencyKey, signal, timeoutMs: askTimeoutMs })
  } catch (thrown) {
    if (asApiError(thrown).code === 'validation') return null
    throw thrown
  }
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
