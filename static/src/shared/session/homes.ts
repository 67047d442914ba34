import type { Role } from '@/shared/api/types'

export interface RoleHome {
  /** Where the role lands after logging in. */
  start: string
  notices: string
}

const homes: Record<Role, RoleHome> = {
  student: { start: '/student/dashboard', notices: '/student/notices' },
  counsellor: { start: '/guru/dashboard', notices: '/guru/notices' },
  admin: { start: '/admin/users', notices: '/admin/notices' },
}

/** The role's own places. */
export function homeOf(role: Role): RoleHome {
  return homes[role]
}
