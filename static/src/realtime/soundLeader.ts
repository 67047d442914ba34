import { jitterMs } from './jitter'

const recentKey = 'educounsel.chimes'
/** Notices come in bursts, and tabs hear of them at different times: this many are remembered. */
const recentLimit = 32
const lockName = 'educounsel-chime'
const raceSpreadMs = 150

/**
 * Decides which of the tabs that could play a sound for `noticeId` does so: the first to ask.
 * Web Locks make it exact; without them (plain http) a short random wait makes a tie unlikely.
 */
export async function claimChime(noticeId: string): Promise<boolean> {
  if (navigator.locks) return navigator.locks.request(lockName, () => takeFirst(noticeId))
  await new Promise((resolve) => setTimeout(resolve, jitterMs(raceSpreadMs)))
  return takeFirst(noticeId)
}

function takeFirst(noticeId: string): boolean {
  try {
    const recent = (localStorage.getItem(recentKey) ?? '').split(' ')
    if (recent.includes(noticeId)) return false
    localStorage.setItem(recentKey, [...recent, noticeId].slice(-recentLimit).join(' '))
    return true
  } catch {
    return true
  }
}
