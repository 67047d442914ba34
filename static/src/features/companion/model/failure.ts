/** Plain words for what is wrong with an answer: the page has its own, in the language of the moment, for every code of the contract. */
import type { AnswerFault, CompanionAnswer } from '@/shared/api/companionTypes'

export type Fault = AnswerFault['code'] extends `companion.${infer Name}` ? Name : never
const known: Record<Fault, true> = {
  unavailable: true,
  crowded: true,
  no_answer: true,
  cut_off: true,
  cut_short: true,
  withheld: true,
  interrupted: true,
}
export const faults = Object.keys(known) as Fault[]

/** The fault of an answer; null for a code that this page does not know yet. */
export function faultOf(error: CompanionAnswer['error']): Fault | null {
  const name = error?.code.split('.').at(-1)
  return faults.find((fault) => fault === name) ?? null
}

/** The sentence for the student; the server's own words for a fault that is new. Null when nothing is wrong. */
export function troubleOf({ status, error }: Pick<CompanionAnswer, 'status' | 'error'>, t: (key: string) => string): string | null {
  if (!error && status !== 'failed' && status !== 'interrupted') return null
  const fault = status === 'interrupted' ? 'interrupted' : faultOf(error)
  return fault ? t(`companion.failure.${fault}`) : error?.message || t('companion.failure.other')
}
