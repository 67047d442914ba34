import { describe, expect, it } from 'vitest'
import { badgeLabel, tabTitle } from '@/shared/realtime/tabBadge'

describe('tab badge', () => {
  it('puts the number first', () => expect(tabTitle(3, 'Dasbor')).toBe('(3) EduCounsel · Dasbor'))
  it('shows no number for zero', () => expect(tabTitle(0, '')).toBe('EduCounsel'))
  it('caps the number', () => expect(badgeLabel(140)).toBe('99+'))
})
