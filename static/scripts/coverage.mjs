// Adds up which lines of the web UI ran in Vitest (coverage/coverage-final.json) and in the browsers (UI_COVERAGE_DIR; dist is built with
// `--mode coverage`), and tells the share of each folder. Fails below 85 % of all lines. Called by `make coverage`.
// V8 counts both, and one library brings both to the sources.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { mergeProcessCovs } from '@bcoe/v8-coverage'
import convert from 'ast-v8-to-istanbul'
import coverageLibrary from 'istanbul-lib-coverage'
import { parseAst } from 'vite'

const leastPercent = 85
/** A file is named as a gap from this many lines on that nothing runs. */
const gapLines = 10
const ui = fileURLToPath(new URL('../', import.meta.url))
const counts = process.env.UI_COVERAGE_DIR
if (!counts) throw new Error('UI_COVERAGE_DIR names no folder: call `make coverage`')

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))
const percent = ({ covered, total }) => `${((100 * covered) / Math.max(total, 1)).toFixed(1)} %`.padStart(8)

/** What the browsers ran, as a coverage map of the sources. */
async function readBrowsers() {
  const { result } = mergeProcessCovs(readdirSync(counts).map((name) => ({ result: readJson(`${counts}/${name}`) })))
  if (result.length === 0) throw new Error(`no browser has counted anything in ${counts}`)
  const found = coverageLibrary.createCoverageMap({})
  for (const { url, functions } of result) {
    const file = `${ui}dist${url}`
    // The script that sets the theme before the first paint is a file of its own, without a map.
    if (!existsSync(`${file}.map`)) continue
    const code = readFileSync(file, 'utf8')
    found.merge(
      await convert({ code, sourceMap: readJson(`${file}.map`), ast: parseAst(code), coverage: { url: `file://${file}`, functions } }),
    )
  }
  return found
}

// Vitest lists every source, also those that no test loads; what browsers know beyond those is not ours.
const vitest = coverageLibrary.createCoverageMap(readJson(`${ui}coverage/coverage-final.json`))
const browsers = await readBrowsers()
const map = coverageLibrary.createCoverageMap({})
for (const file of vitest.files()) {
  const inVitest = vitest.fileCoverageFor(file)
  const isLoaded = Object.values(inVitest.s).some((count) => count > 0)
  const isSeen = browsers.files().includes(file)
  // A template that Vitest did not load is listed as it would render on a server, which it never does.
  if (isLoaded || !isSeen) map.addFileCoverage(inVitest)
  if (isSeen) map.addFileCoverage(browsers.fileCoverageFor(file))
}

const files = map.files().map((file) => {
  const { lines } = map.fileCoverageFor(file).toSummary()
  return { name: file.slice(`${ui}src/`.length), covered: lines.covered, total: lines.total }
})
/** The sum of the files of each folder, the first two names of a path. */
const folders = new Map()
for (const { name, covered, total } of files) {
  const folder = name.split('/').slice(0, -1).slice(0, 2).join('/') || '.'
  const sum = folders.get(folder) ?? { covered: 0, total: 0 }
  folders.set(folder, { covered: sum.covered + covered, total: sum.total + total })
}
const all = files.reduce((sum, { covered, total }) => ({ covered: sum.covered + covered, total: sum.total + total }), {
  covered: 0,
  total: 0,
})

for (const [folder, sum] of [...folders].sort()) console.log(`${percent(sum)} of ${String(sum.total).padStart(5)} lines  ${folder}`)
console.log('gaps:')
const gaps = files.map((file) => ({ ...file, missed: file.total - file.covered })).filter(({ missed }) => missed >= gapLines)
for (const { name, missed } of gaps.sort((a, b) => b.missed - a.missed)) console.log(`${String(missed).padStart(5)} lines  ${name}`)
console.log(`web UI: ${percent(all).trim()} of ${all.total} lines (Vitest and browsers together)`)
if (all.covered * 100 < leastPercent * all.total) {
  console.error(`that is less than ${leastPercent} %`)
  process.exit(1)
}
