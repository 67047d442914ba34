/** The list of alerts as it changes: what is open on top, the most serious first. */
import type { AlertFilter, RiskAlert } from '@/shared/api/alertTypes'

/** Where an alert stands among the others: open ones first, then by level, then the latest. */
function compare(a: RiskAlert, b: RiskAlert): number {
  if (a.state !== b.state) return a.state === 'open' ? -1 : 1
  if (a.state === 'open' && a.level !== b.level) return b.level - a.level
  return a.last_raised_at === b.last_raised_at ? (a.id < b.id ? 1 : -1) : a.last_raised_at < b.last_raised_at ? 1 : -1
}

/** Puts a changed alert in its place; events carry no excerpt, so the one that is known stays. */
export function withAlert(items: readonly RiskAlert[], changed: RiskAlert, filter: AlertFilter): RiskAlert[] {
  const known = items.find(({ id }) => id === changed.id)
  // Answers and events overtake each other: an acknowledged alert does not open again by an older one.
  if (known?.acknowledged_at && !changed.acknowledged_at && changed.last_raised_at <= known.last_raised_at) return [...items]
  const merged = known ? { ...known, ...changed, excerpt: changed.excerpt ?? known.excerpt } : changed
  const others = items.filter(({ id }) => id !== changed.id)
  // What was acknowledged while it is looked at stays on the screen: it must not vanish under the hand.
  const belongs = filter === 'all' || merged.state === filter || known !== undefined
  return belongs ? [...others, merged].sort(compare) : others
}

export function sorted(items: readonly RiskAlert[]): RiskAlert[] {
  return [...items].sort(compare)
}

/** Seconds left until everybody is called; null when no clock runs. */
export function secondsLeft(alert: Pick<RiskAlert, 'state' | 'acknowledge_by' | 'escalated_at'>, nowMs: number): number | null {
  if (alert.state !== 'open' || !alert.acknowledge_by || alert.escalated_at) return null
  return Math.max(0, Math.ceil((Date.parse(alert.acknowledge_by) - nowMs) / 1000))
}

/** "4:05" */
export function clockText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
