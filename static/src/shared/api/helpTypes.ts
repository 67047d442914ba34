/** Shapes of the help card and its hotlines. */
import type { BodyOf, Schemas } from './contract'

/** What people wrote for the worst moments; never made by a model. */
export type HelpCard = Schemas['HelpCard']
/** A hotline in the language of the page. */
export type Hotline = HelpCard['hotlines'][number]
/** A hotline as the admin edits it. */
export type EditableHotline = Schemas['Hotline']
/** A hotline as it is saved. */
export type SavedHotline = BodyOf<'PUT /admin/hotlines'>['items'][number]
