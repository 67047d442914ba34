import { request } from '@/shared/api/client'
import type { AddressOf, Schemas } from '@/shared/api/contract'
import type { Page } from '@/shared/api/types'

/** A student as counsellors look them up. */
export type Student = Schemas['Student']

/** Students whose name or login has all the words; counsellors only. */
export function fetchStudents(query: AddressOf<'GET /students'>['query'], signal?: AbortSignal): Promise<Page<Student>> {
  return request('GET /students', { query, signal })
}
