import type { RouteLocationNormalized, RouteLocationRaw } from 'vue-router'
import type { User } from '@/shared/api/types'
import { homeOf } from './homes'

/** May `user` see the page? `true`, or where to go instead. */
export function decideAccess(
  to: Pick<RouteLocationNormalized, 'name' | 'meta' | 'fullPath' | 'query'>,
  user: User | null,
): true | RouteLocationRaw {
  if (to.name === 'login' && user) return returnPath(to.query['next']) ?? homeOf(user.role).start
  if (to.meta.access === 'public') return true
  if (!user) return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  return to.meta.access === 'any' || to.meta.access === user.role ? true : { name: 'forbidden' }
}

/** The path to return to after logging in; only paths of this site, never another host, and no page that says no. */
export function returnPath(next: unknown): string | null {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) && !/^\/(login|403)\b/.test(next) ? next : null
}
