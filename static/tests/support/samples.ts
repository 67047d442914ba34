import type { Notice, NoticeCreated, User } from '@/shared/api/types'

/** A notice as the socket brings it. */
export function noticeOf(id: string, cursor = id): NoticeCreated {
  return {
    id,
    kind: 'material.published',
    category: 'materials',
    title: `Materi ${id}`,
    body: 'Karier',
    texts: { id: { title: `Materi ${id}`, body: 'Karier' }, en: { title: `Material ${id}`, body: 'Career' } },
    data: { material_id: `m-${id}` },
    created_at: '2026-11-21T07:00:00.000Z',
    cursor,
  }
}

/** A notice as a list brings it. */
export function listedNotice(id: string, readAt: string | null = null): Notice {
  return { ...noticeOf(id), read_at: readAt }
}

export const student: User = { id: 'u1', login: 'siswa1', name: 'Ayu Lestari', role: 'student' }

/** An answer of the server. */
export function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(status === 204 ? null : JSON.stringify(body), { status, headers })
}
