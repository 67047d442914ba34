import type { NoticeCreated, Role } from '@/api/types'
import type { IconName } from '@/components/ui/iconPaths'
import type { Locale } from '@/i18n'

/** The icon and tone of each category of notices; unknown ones look neutral. */
const looks: Record<string, { icon: IconName; tone: string }> = {
  materials: { icon: 'book', tone: 'tone-sea' },
}

/** How a notice of this category looks. */
export function lookOf(category: string): { icon: IconName; tone: string } {
  return looks[category] ?? { icon: 'bell', tone: 'tone-honey' }
}

/** The notice's text in the language of the page. */
export function textOf(
  notice: Pick<NoticeCreated, 'title' | 'body' | 'texts'>,
  locale: Locale,
): { title: string; body: string } {
  return notice.texts?.[locale] ?? { title: notice.title, body: notice.body }
}

/** Where a click on the notice leads; null when this role has no page for it. */
export function targetOf(notice: Pick<NoticeCreated, 'data'>, role: Role | null): string | null {
  const materialId = notice.data['material_id']
  if (typeof materialId !== 'string') return null
  if (role === 'student') return `/student/materi/${materialId}`
  return role === 'counsellor' ? `/guru/materi/${materialId}` : null
}
