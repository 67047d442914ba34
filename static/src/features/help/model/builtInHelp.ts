import type { HelpCard } from '@/shared/api/helpTypes'
import { helplines, helplinesCheckedOn } from './helplines'

/** The card that came with the page, for when the school's own never arrived. */
export function builtInHelp(t: (key: string) => string): HelpCard {
  return {
    title: t('help.title'),
    lines: [t('help.lead')],
    hotlines: helplines.map(({ key, number, website }) => ({
      id: key,
      name: t(`help.${key}.name`),
      number,
      url: website?.url ?? null,
      hours: '',
      note: t(`help.${key}.about`),
      checked_on: helplinesCheckedOn,
    })),
    version: 'built-in',
  }
}
