// A real PDF made on the spot.
import { createHash, randomBytes } from 'node:crypto'

const imageSide = 240

/**
 * Makes a PDF with `pageCount` pages, each with a line of text and an image of random colours, about 170 KB a page that no
 * compression makes smaller.
 */
export function makePdf(title, pageCount) {
  const pages = Array.from({ length: pageCount }, (_, index) => index)
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${pageCount} /Kids [${pages.map((index) => `${4 + index * 3} 0 R`).join(' ')}] >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    ...pages.flatMap((index) => pageObjects(4 + index * 3, `${title}, ${index + 1} / ${pageCount}`)),
  ]
  return assemble(objects)
}

/** The SHA-256 of some bytes, in hex. */
export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A page, its drawing and its image, as the objects `number` and the two after it. */
function pageObjects(number, text) {
  const drawing = `BT /F1 20 Tf 72 760 Td (${text.replace(/[()\\]/g, ' ')}) Tj ET\nq 451 0 0 451 72 260 cm /Im Do Q`
  const image = `/Type /XObject /Subtype /Image /Width ${imageSide} /Height ${imageSide} /ColorSpace /DeviceRGB /BitsPerComponent 8`
  const resources = `<< /Font << /F1 3 0 R >> /XObject << /Im ${number + 2} 0 R >> >>`
  return [
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources ${resources} /Contents ${number + 1} 0 R >>`,
    stream('', Buffer.from(drawing)),
    stream(image, randomBytes(imageSide * imageSide * 3)),
  ]
}

function stream(entries, bytes) {
  return Buffer.concat([Buffer.from(`<< ${entries} /Length ${bytes.length} >>\nstream\n`), bytes, Buffer.from('\nendstream')])
}

function assemble(objects) {
  const parts = [Buffer.from('%PDF-1.7\n')]
  const offsets = []
  let length = parts[0].length
  const add = (bytes) => {
    parts.push(bytes)
    length += bytes.length
  }
  objects.forEach((object, index) => {
    offsets.push(length)
    add(Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), Buffer.from(object), Buffer.from('\nendobj\n')]))
  })
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const size = objects.length + 1
  add(Buffer.from(`xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`))
  return Buffer.concat(parts)
}
