/** Shapes of the help card and its hotlines (docs/api.md). */

export interface Hotline {
  id: string
  name: string
  number: string
  url: string | null
  hours: string
  note: string
  /** YYYY-MM-DD: when somebody last made sure that the number works. */
  checked_on: string
}

/** What people wrote for the worst moments; never made by a model. */
export interface HelpCard {
  title: string
  lines: string[]
  hotlines: Hotline[]
  version: string
}

/** A hotline as the admin edits it. */
export type EditableHotline = Omit<Hotline, 'note'> & { note: { id: string; en: string } }
