import { jitterMs } from './jitter'

const lastKey = 'educounsel.lastChime'
const raceSpreadMs = 150
/** Longer than a slow tab needs to hear of a notice. */
const holdMs = 30_000

/**
 * Decides which of the tabs that could play a sound for `noticeId` does so: the first to ask. It holds a Web Lock for a while, because what
 * one tab writes into the storage another may read late. Without locks (plain http) a short random wait makes a tie unlikely.
 */
export async function claimChime(noticeId: string): Promise<boolean> {
  if (navigator.locks) return claimByLock(noticeId)
  await new Promise((resolve) => setTimeout(resolve, jitterMs(raceSpreadMs)))
  return takeFirst(noticeId)
}

function claimByLock(noticeId: string): Promise<boolean> {
  return new Promise((resolve) => {
    const hold = async (lock: Lock | null) => {
      const isMine = lock !== null && takeFirst(noticeId)
      resolve(isMine)
      if (isMine) await new Promise((end) => setTimeout(end, holdMs))
    }
    navigator.locks.request(`educounsel-chime-${noticeId}`, { ifAvailable: true }, hold).catch(() => resolve(takeFirst(noticeId)))
  })
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
