import { getDocument, GlobalWorkerOptions, PDFDataRangeTransport, type PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs'
import workerUrl from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs?worker&url'
import { fetchLink } from '@/features/materials/api/materials'
import { RangeReader } from './readRange'
import { RenewedLink } from './signedLink'

export type { PDFDocumentProxy }

GlobalWorkerOptions.workerSrc = workerUrl

/** One request per chunk: large enough for a slow network, small enough to show page one early. */
const chunkBytes = 256 * 1024

export interface OpenedDocument {
  document: Promise<PDFDocumentProxy>
  close: () => void
}

/** Opens the PDF of a material, reading only the parts that are shown. `onFailure`: bytes could not be read. */
export function openDocument(materialId: string, sizeBytes: number, onFailure: (error: unknown) => void): OpenedDocument {
  const reader = new RangeReader(new RenewedLink(() => fetchLink(materialId, 'inline')))
  const resources = new URL(__PDFJS_RESOURCES__, location.origin).href
  const task = getDocument({
    range: new ReaderTransport(sizeBytes, reader, onFailure),
    rangeChunkSize: chunkBytes,
    disableStream: true,
    disableAutoFetch: true,
    isEvalSupported: false,
    useWasm: false,
    standardFontDataUrl: `${resources}standard_fonts/`,
    wasmUrl: `${resources}wasm/`,
  })
  return { document: task.promise, close: () => void task.destroy() }
}

class ReaderTransport extends PDFDataRangeTransport {
  constructor(
    sizeBytes: number,
    private readonly reader: RangeReader,
    private readonly onFailure: (error: unknown) => void,
  ) {
    super(sizeBytes, null)
  }

  override requestDataRange(begin: number, end: number): void {
    this.reader.read(begin, end).then(
      (chunk) => this.onDataRange(begin, chunk),
      (error: unknown) => this.onFailure(error),
    )
  }
}
