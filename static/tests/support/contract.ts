/** Lists of docs/openapi.json, for tests of what the compiler cannot hold to them. */
import { readFileSync } from 'node:fs'
import type { ConsoleKind } from '@/shared/api/appTypes'
import type { Schemas } from '@/shared/api/contract'

interface Document {
  'x-error-codes': { code: Schemas['ErrorCode'] }[]
  components: {
    schemas: {
      ConsoleLine: { properties: { kind: { enum: ConsoleKind[] } } }
      FieldProblem: { properties: { code: { enum: Schemas['FieldProblem']['code'][] } } }
    }
  }
}

const document = JSON.parse(readFileSync('../docs/openapi.json', 'utf8')) as Document
const { ConsoleLine, FieldProblem } = document.components.schemas

export const errorCodes = document['x-error-codes'].map(({ code }) => code)
export const fieldCodes = FieldProblem.properties.code.enum
export const consoleKinds = ConsoleLine.properties.kind.enum
