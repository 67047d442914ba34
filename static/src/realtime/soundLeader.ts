import { jitterMs } from './jitter'

const lastKey = 'educounsel.lastChime'
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
    if (localStorage.getItem(lastKey) === noticeId) return false
    localStorage.setItem(lastKey, noticeId)
    return true
  } catch {
    return true
  }
}
