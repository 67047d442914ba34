/** Plain words for what is wrong with an answer: the page has its own, in the language of the moment, for every code of the contract. */
import type { CompanionAnswer } from '@/shared/api/companionTypes'

export const faults = ['unavailable', 'crowded', 'no_answer', 'cut_off', 'cut_short', 'withheld', 'interrupted'] as const
export type Fault = (typeof faults)[number]

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
