import { request } from '@/shared/api/client'
import { postForm, type MultipartOptions } from '@/shared/api/multipart'
import { asApiError } from '@/shared/api/problem'
import type { FormOf } from '@/shared/api/contract'
import type { MaterialDetail } from '@/shared/api/types'

type MaterialForm = FormOf<'POST /materials'>

/** A material as it stands in the upload dialog: nothing of it is missing, only the file. */
export type MaterialDraft = Required<Omit<MaterialForm, 'file'>> & { file: File | null }

export interface UploadOptions extends MultipartOptions {
  idempotencyKey: string
}

/** Creates a material. Throws like `postForm`. */
export function uploadMaterial(draft: MaterialDraft, options: UploadOptions): Promise<MaterialDetail> {
  return postForm('POST /materials', { ...draft, body: draft.body || undefined, file: draft.file ?? undefined }, options)
}

/** How long one question may take, in ms. */
const askTimeoutMs = 5_000

/**
 * Asks what became of the upload with this key, which nobody waited for: its material, or null when nothing of it is stored, nor will be. Throws
 * ApiError; `conflict` while the server is still at work on it.
 */
export async function askOutcome(idempotencyKey: string, signal?: AbortSignal): Promise<MaterialDetail | null> {
  try {
    return await request('POST /materials', { idempotencyKey, signal, timeoutMs: askTimeoutMs })
  } catch (thrown) {
    if (asApiError(thrown).code === 'validation') return null
    throw thrown
  }
}
