/** Decides which answers must be asked for: a piece is missing, or nothing was heard for too long (a lost end must not spin for ever). */

/** Shorter gaps often close by themselves: frames of two nodes overtake each other. */
const gapPatienceMs = 150
/** A living answer says something more often than this. */
const silenceMs = 2_500
/** Without a live connection the snapshots are all there is. */
const pollMs = 900

export interface Watched {
  id: string
  hasGap: boolean
  isStreaming: boolean
}

export class AnswerWatch {
  private readonly heardAt = new Map<string, number>()
  private readonly gapSince = new Map<string, number>()

  /** Something about this answer arrived. */
  hear(id: string, nowMs: number): void {
    this.heardAt.set(id, nowMs)
  }

  /** The ids to ask for now. Asking counts as hearing, so that one silence is one question. */
  due(watched: readonly Watched[], isLive: boolean, nowMs: number): string[] {
    const ids = watched.filter((answer) => this.isDue(answer, isLive, nowMs)).map(({ id }) => id)
    for (const id of ids) {
      this.hear(id, nowMs)
      this.gapSince.set(id, nowMs)
    }
    this.forgetBut(new Set(watched.map(({ id }) => id)))
    return ids
  }

  private isDue({ id, hasGap, isStreaming }: Watched, isLive: boolean, nowMs: number): boolean {
    if (!isStreaming) return false
    if (!this.heardAt.has(id)) this.hear(id, nowMs)
    if (!hasGap) this.gapSince.delete(id)
    else if (!this.gapSince.has(id)) this.gapSince.set(id, nowMs)
    const gapMs = nowMs - (this.gapSince.get(id) ?? nowMs)
    const quietMs = nowMs - (this.heardAt.get(id) ?? nowMs)
    return gapMs >= gapPatienceMs || quietMs >= (isLive ? silenceMs : pollMs)
  }

  private forgetBut(ids: ReadonlySet<string>): void {
    for (const map of [this.heardAt, this.gapSince]) for (const id of map.keys()) if (!ids.has(id)) map.delete(id)
  }
}
