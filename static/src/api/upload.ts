import { commonHeaders, endpoint, reportUnauthorized } from './client'
import { ApiError, parseProblem } from './problem'
import type { MaterialDetail, MaterialStatus } from './types'

export interface MaterialDraft {
  title: string
  category: string
  body: string
  status: MaterialStatus
  file: File | null
}

export interface UploadOptions {
  idempotencyKey: string
  signal: AbortSignal
  /** Called with 0..1 while the bytes leave; 1 means sent, not yet stored. */
  onProgress: (fraction: number) => void
}

/**
 * Creates a material by multipart over XMLHttpRequest: fetch has no upload progress.
 * Throws ApiError; `client.aborted` when `signal` ended it.
 */
export function uploadMaterial(draft: MaterialDraft, options: UploadOptions): Promise<MaterialDetail> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    const fail = (code: string) => reject(new ApiError({ code }))
    xhr.upload.onprogress = (event) => {
      if (event.lengthComputable) options.onProgress(event.loaded / event.total)
    }
    xhr.onload = () => settle(xhr, resolve, reject)
    xhr.onerror = () => fail('client.offline')
    xhr.ontimeout = () => fail('client.timeout')
    xhr.onabort = () => fail('client.aborted')
    options.signal.addEventListener('abort', () => xhr.abort(), { once: true })

    xhr.open('POST', endpoint('/materials'))
    for (const [name, value] of Object.entries(commonHeaders(options.idempotencyKey))) {
      xhr.setRequestHeader(name, value)
    }
    xhr.send(toFormData(draft))
  })
}

function settle(
  xhr: XMLHttpRequest,
  resolve: (material: MaterialDetail) => void,
  reject: (error: ApiError) => void,
): void {
  if (xhr.status === 201 || xhr.status === 200) {
    try {
      resolve(JSON.parse(xhr.responseText) as MaterialDetail)
    } catch {
      reject(new ApiError({ code: 'client.unreadable', status: xhr.status }))
    }
    return
  }
  if (xhr.status === 401) reportUnauthorized()
  reject(parseProblem(xhr.status, xhr.responseText, (name) => xhr.getResponseHeader(name)))
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
