/** The emergency numbers behind "Butuh bantuan?". Dated on purpose: check them and move the date each school year. */
export const helplinesCheckedOn = '2026-07-01'

export interface Helpline {
  /** Key of the texts under `help.`. */
  key: 'emergency' | 'sapa'
  number: string
  website: { label: string; url: string } | null
}

export const helplines: Helpline[] = [
  { key: 'emergency', number: '119', website: { label: 'healing119.id', url: 'https://healing119.id' } },
  { key: 'sapa', number: '129', website: null },
]
