import { describe, expect, it } from 'vitest'
import { planToasts } from '@/shared/realtime/toastRule'
import { noticeOf } from '../../support/samples'

const notices = (count: number) => Array.from({ length: count }, (_, index) => noticeOf(String(index)))

describe('planToasts', () => {
  it('shows nothing for nothing', () => expect(planToasts([])).toEqual({ kind: 'none' }))

  it('shows each of up to three', () => expect(planToasts(notices(3))).toMatchObject({ kind: 'each' }))

  it('shows one summary for more', () => expect(planToasts(notices(4))).toEqual({ kind: 'summary', count: 4 }))
})
