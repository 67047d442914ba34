// Fails the build when the JavaScript of the first page load outgrows its budget:
// the entry, everything it imports statically, and the blocking theme script.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const budgetBytes = 170 * 1024
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'))

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry)
if (!entry) throw new Error('no entry in dist/manifest.json')

const files = new Set()
const visit = (key) => {
  const chunk = manifest[key]
  if (files.has(chunk.file)) return
  files.add(chunk.file)
  for (const imported of chunk.imports ?? []) visit(imported)
}
visit(entry)
for (const name of readdirSync(new URL('assets/', dist))) {
  if (/^theme-[0-9a-f]+\.js$/.test(name)) files.add(`assets/${name}`)
}

let totalBytes = 0
for (const file of files) {
  const sizeBytes = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length
  totalBytes += sizeBytes
  console.log(`${(sizeBytes / 1024).toFixed(1).padStart(8)} KB gzip  ${file}`)
}
const summary = `${(totalBytes / 1024).toFixed(1)} KB of ${budgetBytes / 1024} KB gzip initial JS`
if (totalBytes > budgetBytes) {
  console.error(`initial JS is over budget: ${summary}`)
  process.exit(1)
}
console.log(`initial JS is within budget: ${summary}`)
