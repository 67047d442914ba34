import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/shared/api/problem'
import type { MaterialDraft, UploadOptions } from '@/features/materials/api/upload'
import UploadDialog from '@/features/materials/ui/upload/UploadDialog.vue'
import { mountApp } from '../../support/mountApp'

const uploadMaterial = vi.hoisted(() => vi.fn<(draft: MaterialDraft, options: UploadOptions) => Promise<unknown>>())
const speak = vi.hoisted(() => vi.fn())
const askOutcome = vi.hoisted(() => vi.fn<(key: string) => Promise<unknown>>())
const deleteMaterial = vi.hoisted(() => vi.fn<(id: string) => Promise<void>>())
vi.mock('@/features/materials/api/upload', () => ({ uploadMaterial, askOutcome }))
vi.mock('@/features/materials/api/materials', () => ({ deleteMaterial }))
vi.mock('@/features/materials/ui/upload/speak', () => ({ speak }))

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

/** An upload that comes this far and waits to be cancelled. */
function sendUntilCancelled(fraction: number) {
  uploadMaterial.mockImplementation((_, { onProgress, signal }) => {
    onProgress(fraction)
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new ApiError({ code: 'client.aborted' })))
    })
  })
}

describe('upload dialog', () => {
  beforeEach(() => vi.resetAllMocks())
  afterEach(() => {
    vi.useRealTimers()
    document.body.replaceChildren()
  })

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

  it('shows the progress', async () => {
    sendUntilCancelled(0.4)
    const { get, submit } = await openFilled()
    await submit()
    expect(get('upload-progress').attributes('aria-valuenow')).toBe('40')
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

  it('repeats with the same key while the server is still at work on it', async () => {
    uploadMaterial.mockRejectedValueOnce(new ApiError({ code: 'client.offline' }))
    uploadMaterial.mockRejectedValueOnce(new ApiError({ code: 'conflict', status: 409 }))
    const { submit } = await openFilled()
    await submit()
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

describe('a cancelled upload', () => {
  beforeEach(() => {
    vi.resetAllMocks()
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
    document.body.replaceChildren()
  })

  /** Cancels an upload that had come this far. */
  async function cancelAt(fraction: number) {
    sendUntilCancelled(fraction)
    const app = await openFilled()
    await app.submit()
    await app.get('upload-cancel').trigger('click')
    await flushPromises()
    const status = () => app.get('upload-status')
    return { ...app, status, phase: () => status().attributes('data-phase') }
  }

  it.each([0.4, 1])('is called so only when the server says that nothing is stored (sent: %d)', async (fraction) => {
    let answer: (outcome: null) => void = () => undefined
    askOutcome.mockReturnValue(new Promise((resolve) => (answer = resolve)))
    const { status, phase, get } = await cancelAt(fraction)
    expect(phase()).toBe('cancelling')
    expect(status().text()).toBe('Membatalkan, dan memastikan tidak ada yang tersimpan…')
    expect(get('upload-cancel').attributes('aria-disabled')).toBe('true')
    answer(null)
    await flushPromises()
    expect(phase()).toBe('cancelled')
    expect(status().text()).toBe('Unggahan dibatalkan. Tidak ada yang disimpan.')
    expect(askOutcome.mock.calls[0]?.[0]).toBe(uploadMaterial.mock.calls[0]?.[1].idempotencyKey)
    expect(document.activeElement).toBe(get('upload-submit').element)
  })

  it('is sent anew under another key: the first one is closed', async () => {
    askOutcome.mockResolvedValue(null)
    const { submit } = await cancelAt(0.4)
    uploadMaterial.mockResolvedValue({ id: 'm1', status: 'active' })
    await submit()
    const [first, second] = uploadMaterial.mock.calls.map(([, options]) => options.idempotencyKey)
    expect(second).not.toBe(first)
  })

  it('that came too late is said to be stored, and can be deleted', async () => {
    askOutcome.mockResolvedValue({ id: 'm1', status: 'active' })
    const { get, status, phase, wrapper } = await cancelAt(0.4)
    expect(phase()).toBe('late')
    expect(status().text()).toBe('Terlambat dibatalkan: materi sudah tersimpan')
    expect(document.activeElement).toBe(get('upload-late').element)
    expect(wrapper.emitted('uploaded')).toHaveLength(1)

    deleteMaterial.mockRejectedValueOnce(new ApiError({ code: 'unavailable', status: 503 }))
    await get('upload-undo').trigger('click')
    await flushPromises()
    expect(phase()).toBe('late')
    expect(get('upload-late').find('[role="alert"]').exists()).toBe(true)

    deleteMaterial.mockResolvedValueOnce()
    await get('upload-undo').trigger('click')
    await flushPromises()
    expect(deleteMaterial).toHaveBeenLastCalledWith('m1')
    expect(phase()).toBe('deleted')
    expect(wrapper.find('[data-testid="upload-late"]').exists()).toBe(false)
    expect(wrapper.emitted('uploaded')).toHaveLength(2)
  })

  it('that somebody else deleted meanwhile is gone too', async () => {
    askOutcome.mockResolvedValue({ id: 'm1', status: 'draft' })
    const { get, phase } = await cancelAt(1)
    deleteMaterial.mockRejectedValueOnce(new ApiError({ code: 'not_found', status: 404 }))
    await get('upload-undo').trigger('click')
    await flushPromises()
    expect(phase()).toBe('deleted')
  })

  it('is asked about again while the server is at work on it', async () => {
    askOutcome.mockRejectedValueOnce(new ApiError({ code: 'conflict', status: 409 }))
    askOutcome.mockRejectedValueOnce(new ApiError({ code: 'client.offline' }))
    askOutcome.mockResolvedValue(null)
    const { phase } = await cancelAt(1)
    expect(phase()).toBe('cancelling')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(phase()).toBe('cancelled')
    expect(new Set(askOutcome.mock.calls.map(([key]) => key)).size).toBe(1)
  })

  it('without an answer is neither cancelled nor stored, and can be asked about again', async () => {
    askOutcome.mockRejectedValue(new ApiError({ code: 'conflict', status: 409 }))
    const { get, status, phase, wrapper } = await cancelAt(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(phase()).toBe('unknown')
    expect(status().text()).toBe('Belum diketahui apakah materi sudah tersimpan')
    expect(wrapper.find('[data-testid="upload-form"]').exists()).toBe(false)
    askOutcome.mockResolvedValue({ id: 'm1', status: 'active' })
    await get('upload-ask-again').trigger('click')
    await flushPromises()
    expect(phase()).toBe('late')
  })

  it('whose answer came after all is done', async () => {
    uploadMaterial.mockImplementation(
      (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ id: 'm1', status: 'active' }))),
    )
    const { get, submit } = await openFilled()
    await submit()
    await get('upload-cancel').trigger('click')
    await flushPromises()
    expect(get('upload-status').attributes('data-phase')).toBe('done')
    expect(askOutcome).not.toHaveBeenCalled()
  })
})
