import { request, requestAnswer } from '@/shared/api/client'
import type { CounsellorDashboard, StudentDashboard } from '@/shared/api/types'

/** The student's widgets. */
export function fetchStudentDashboard(signal?: AbortSignal): Promise<StudentDashboard> {
  return request('GET /dashboard/student', { signal })
}

export interface CounsellorStats {
  stats: CounsellorDashboard
  /** True when the server answered from its cache (`X-Cache: HIT`). */
  isCached: boolean
  /** Age of the cached answer in seconds (`Age`). */
  ageSeconds: number
}

/** The counsellor's statistics and how old they are. */
export async function fetchCounsellorDashboard(signal?: AbortSignal): Promise<CounsellorStats> {
  const { data, headers } = await requestAnswer('GET /dashboard/counsellor', { signal })
  return {
    stats: data,
    isCached: headers.get('X-Cache') === 'HIT',
    ageSeconds: Math.max(0, Number(headers.get('Age') ?? 0) || 0),
  }
}
