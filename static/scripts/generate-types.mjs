// Writes src/shared/api/schema.d.ts, the types of the HTTP contract, from docs/openapi.json. Does nothing when the file is younger than what it is made
// from. Nobody commits the file or edits it: `make openapi` renews the document, and every script that checks types calls this first.
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const documentPath = here('../../docs/openapi.json')
const typesPath = here('../src/shared/api/schema.d.ts')
const sources = [documentPath, here('generate-types.mjs'), here('../node_modules/openapi-typescript/package.json')]
/** Where the endpoints of the web UI begin; those of apps, sockets and health checks are not for it. */
const base = '/api/v1'

function timeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Makes schemas of the two lists that OpenAPI has no room for. */
function listsOf(document) {
  const events = document['x-events']
  const named = (isWanted) => ({ type: 'string', enum: events.filter(isWanted).map(({ name }) => name) })
  return {
    ErrorCode: { type: 'string', enum: document['x-error-codes'].map(({ code }) => code) },
    DurableEventName: named(({ durable }) => durable),
    PassingEventName: named(({ durable }) => !durable),
    EventData: {
      type: 'object',
      properties: Object.fromEntries(events.map(({ name, data, description }) => [name, { description, ...data }])),
      required: events.map(({ name }) => name),
    },
  }
}

/** Leaves the endpoints of the web UI, by their path below `base`, and adds the lists to the schemas. */
function contractOf(document) {
  const { schemas } = document.components
  const lists = listsOf(document)
  const taken = Object.keys(lists).filter((name) => name in schemas)
  if (taken.length > 0) throw new Error(`docs/openapi.json has schemas of its own with the names ${taken.join(', ')}`)
  const paths = Object.entries(document.paths).filter(([path]) => path.startsWith(`${base}/`))
  return {
    ...document,
    paths: Object.fromEntries(paths.map(([path, operations]) => [path.slice(base.length), operations])),
    components: { ...document.components, schemas: { ...schemas, ...lists } },
  }
}

async function typesOf(contract) {
  const { default: openapiTS, astToString, COMMENT_HEADER } = await import('openapi-typescript')
  const { default: ts } = await import('typescript')
  // Files are sent as a Blob; everything else is left to openapi-typescript.
  const transform = ({ format }) => (format === 'binary' ? ts.factory.createTypeReferenceNode('Blob') : undefined)
  return COMMENT_HEADER + astToString(await openapiTS(contract, { emptyObjectsUnknown: true, transform }))
}

if (timeOf(typesPath) <= Math.max(...sources.map(timeOf))) {
  const types = await typesOf(contractOf(JSON.parse(readFileSync(documentPath, 'utf8'))))
  // Two scripts may do this at once: neither may read half a file.
  const whole = `${typesPath}.${process.pid}`
  writeFileSync(whole, types)
  renameSync(whole, typesPath)
}
