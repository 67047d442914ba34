import type { CompanionAnswer, CompanionDelta, CompanionEnd, CompanionQuestion } from '@/shared/api/companionTypes'

export function questionOf(id: string, body = `tanya ${id}`): CompanionQuestion {
  return { id, thread_id: 't1', role: 'student', client_id: `c-${id}`, body, created_at: '2026-11-21T07:00:00.000Z' }
}

export function answerOf(id: string, changes: Partial<CompanionAnswer> = {}): CompanionAnswer {
  return {
    id,
    thread_id: 't1',
    role: 'companion',
    question_id: 'q1',
    kind: 'model',
    status: 'streaming',
    text: '',
    seq: 0,
    version: 1,
    versions: [id],
    error: null,
    created_at: '2026-11-21T07:00:01.000Z',
    finished_at: null,
    ...changes,
  }
}

export function deltaOf(seq: number, text: string, id = 'a1'): CompanionDelta {
  return { message_id: id, seq, text }
}

export function endOf(changes: Partial<CompanionEnd> = {}): CompanionEnd {
  return {
    id: 'a1',
    message_id: 'a1',
    question_id: 'q1',
    thread_id: 't1',
    seq: 3,
    status: 'done',
    text: 'satu dua tiga',
    kind: 'model',
    error: null,
    ...changes,
  }
}
