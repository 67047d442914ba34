import { commonHeaders, endpoint, reportUnauthorized } from './client'
import type { AddressOf, AnswerOf, Argument, FormOf, FormRoute } from './contract'
import { ApiError, parseProblem, type ClientCode } from './problem'

export interface MultipartOptions {
  signal: AbortSignal
  idempotencyKey?: string
  /** Called with 0..1 while the bytes leave; 1 means sent, not yet stored. */
  onProgress: (fraction: number) => void
}

/**
 * Sends a form by multipart over XMLHttpRequest: fetch has no upload progress.
 * Throws ApiError; `client.aborted` when `signal` ended it.
 */
export function postForm<R extends FormRoute>(
  route: R,
  fields: FormOf<R>,
  options: MultipartOptions,
  ...address: Argument<AddressOf<R>>
): Promise<AnswerOf<R>> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    const fail = (code: ClientCode) => reject(new ApiError({ code }))
    xhr.upload.onprogress = (event) => {
      if (event.lengthComputable) options.onProgress(event.loaded / event.total)
    }
    xhr.onload = () => settle(xhr, resolve, reject)
    xhr.onerror = () => fail('client.offline')
    xhr.ontimeout = () => fail('client.timeout')
    xhr.onabort = () => fail('client.aborted')
    options.signal.addEventListener('abort', () => xhr.abort(), { once: true })

    xhr.open('POST', endpoint(route, ...address))
    for (const [name, value] of Object.entries(commonHeaders(options.idempotencyKey))) {
      xhr.setRequestHeader(name, value)
    }
    xhr.send(formOf(fields))
  })
}

/** The text fields go first, so that the server can refuse them before the file has travelled. */
function formOf(fields: object): FormData {
  const form = new FormData()
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  for (const [name, value] of entries) if (!(value instanceof Blob)) form.set(name, String(value))
  for (const [name, value] of entries) if (value instanceof Blob) form.set(name, value)
  return form
}

function settle<T>(xhr: XMLHttpRequest, resolve: (answer: T) => void, reject: (error: ApiError) => void): void {
  if (xhr.status === 201 || xhr.status === 200) {
    try {
      resolve(JSON.parse(xhr.responseText) as T)
    } catch {
      reject(new ApiError({ code: 'client.unreadable', status: xhr.status }))
    }
    return
  }
  if (xhr.status === 401) reportUnauthorized()
  reject(parseProblem(xhr.status, xhr.responseText, (name) => xhr.getResponseHeader(name)))
}
