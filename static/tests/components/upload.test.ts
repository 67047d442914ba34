import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/api/problem'
import type { MaterialDraft, UploadOptions } from '@/api/upload'
import UploadDialog from '@/components/materials/UploadDialog.vue'
import { mountApp } from './mountApp'

const uploadMaterial = vi.hoisted(() => vi.fn<(draft: MaterialDraft, options: UploadOptions) => Promise<unknown>>())
const speak = vi.hoisted(() => vi.fn())
vi.mock('@/api/upload', () => ({ uploadMaterial }))
vi.mock('@/components/materials/speak', () => ({ speak }))

async function openFilled() {
  const app = await mountApp(UploadDialog, { categories: [] })
  await app.get('upload-title').setValue('Belajar')
  await app.get('upload-category').setValue('Karier')
  await app.get('upload-body').setValue('Isi')
  const submit = async () => {
    await app.get('upload-form').trigger('submit')
    await flushPromises()
  }
  return { ...app, submit }
}

describe('upload dialog', () => {
  beforeEach(() => vi.resetAllMocks())
  afterEach(() => document.body.replaceChildren())

  it('shows, announces and speaks the success', async () => {
    uploadMaterial.mockResolvedValue({ id: 'm1', status: 'active' })
    const { get, submit, wrapper } = await openFilled()
    await submit()
    expect(get('upload-status').text()).toBe('Materi berhasil diunggah')
    expect(get('upload-status').attributes('role')).toBe('status')
    expect(get('upload-done').text()).toContain('Materi berhasil diunggah')
    expect(speak).toHaveBeenCalledWith('Materi berhasil diunggah', 'id')
    expect(wrapper.emitted('uploaded')).toHaveLength(1)
  })

  it('shows the progress and lets it be cancelled', async () => {
    uploadMaterial.mockImplementation((_, { onProgress, signal }) => {
      onProgress(0.4)
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new ApiError({ code: 'client.aborted' })))
      })
    })
    const { get, submit } = await openFilled()
    await submit()
    expect(get('upload-progress').attributes('aria-valuenow')).toBe('40')
    await get('upload-cancel').trigger('click')
    await flushPromises()
    expect(get('upload-status').attributes('data-phase')).toBe('cancelled')
  })

  it('puts what the server refused at its field', async () => {
    uploadMaterial.mockRejectedValue(new ApiError({ code: 'materials.file_type', status: 415 }))
    const { submit, wrapper } = await openFilled()
    await submit()
    expect(wrapper.text()).toContain('File ini bukan PDF.')
  })

  it('repeats with the same key after a lost answer, with another one after a change', async () => {
    uploadMaterial.mockRejectedValue(new ApiError({ code: 'client.offline' }))
    const { get, submit } = await openFilled()
    await submit()
    await submit()
    await get('upload-title').setValue('Belajar lagi')
    await submit()
    const [first, second, third] = uploadMaterial.mock.calls.map(([, options]) => options.idempotencyKey)
    expect(second).toBe(first)
    expect(third).not.toBe(first)
  })

  it('repeats with the same key after a cancel: the material may have been stored', async () => {
    uploadMaterial.mockImplementation((_, { onProgress, signal }) => {
      onProgress(1)
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new ApiError({ code: 'client.aborted' })))
      })
    })
    const { get, submit } = await openFilled()
    await submit()
    expect(get('upload-status').attributes('data-phase')).toBe('processing')
    await get('upload-cancel').trigger('click')
    await flushPromises()
    uploadMaterial.mockRejectedValueOnce(new ApiError({ code: 'conflict', status: 409 }))
    await submit()
    await submit()
    const keys = uploadMaterial.mock.calls.map(([, options]) => options.idempotencyKey)
    expect(new Set(keys).size).toBe(1)
    expect(keys).toHaveLength(3)
  })

  it('wants a text or a file', async () => {
    const { get, submit, wrapper } = await openFilled()
    await get('upload-body').setValue('')
    await submit()
    expect(uploadMaterial).not.toHaveBeenCalled()
    expect(wrapper.text()).toContain('Isi teks materi atau pilih file PDF.')
  })
})
