import type { Person } from '@/shared/api/appointmentTypes'
import { request } from '@/shared/api/client'
import type { Page } from '@/shared/api/types'

/** A student as counsellors look them up. */
export interface Student extends Person {
  /** Tells two of the same name apart. */
  login: string
}

/** Students whose name or login has all the words; counsellors only. */
export function fetchStudents(
  query: { query?: string; after?: string | null; limit?: number },
  signal?: AbortSignal,
): Promise<Page<Student>> {
  return request('/students', { query, signal })
}
