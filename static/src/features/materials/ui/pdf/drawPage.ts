import { TextLayer, type PDFDocumentProxy, type PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs'

/** Cheap phones run out of memory on huge canvases. */
const maxCanvasPixels = 8_000_000

export interface PageTarget {
  canvas: HTMLCanvasElement
  textLayer: HTMLElement
}

/** Draws one page and lays its text over it. `signal` stops the work; then it rejects or ends early. */
export async function drawPage(
  document: PDFDocumentProxy,
  pageNumber: number,
  scale: number,
  target: PageTarget,
  signal: AbortSignal,
): Promise<void> {
  const page = await document.getPage(pageNumber)
  if (signal.aborted) return
  const viewport = page.getViewport({ scale })
  const density = densityOf(viewport.width, viewport.height)
  target.canvas.width = Math.floor(viewport.width * density)
  target.canvas.height = Math.floor(viewport.height * density)
  const drawing = page.render({
    canvas: target.canvas,
    viewport,
    transform: [density, 0, 0, density, 0, 0],
  })
  signal.addEventListener('abort', () => drawing.cancel(), { once: true })
  await drawing.promise
  if (!signal.aborted) await layText(page, scale, target.textLayer, signal)
}

async function layText(page: PDFPageProxy, scale: number, container: HTMLElement, signal: AbortSignal): Promise<void> {
  container.replaceChildren()
  container.style.setProperty('--total-scale-factor', String(scale))
  const layer = new TextLayer({
    textContentSource: page.streamTextContent(),
    container,
    viewport: page.getViewport({ scale }),
  })
  signal.addEventListener('abort', () => layer.cancel(), { once: true })
  await layer.render()
}

function densityOf(width: number, height: number): number {
  const wanted = Math.min(window.devicePixelRatio || 1, 2)
  return Math.min(wanted, Math.sqrt(maxCanvasPixels / (width * height)))
}
