import type { NoticeCreated } from '@/shared/api/types'

export const maxSingleToasts = 3

export type ToastPlan = { kind: 'none' } | { kind: 'each'; notices: NoticeCreated[] } | { kind: 'summary'; count: number }

/** What to show for the notices one sync brought: each of up to three, else one summary. */
export function planToasts(notices: NoticeCreated[]): ToastPlan {
  if (notices.length === 0) return { kind: 'none' }
  if (notices.length <= maxSingleToasts) return { kind: 'each', notices }
  return { kind: 'summary', count: notices.length }
}
