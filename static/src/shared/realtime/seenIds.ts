/** Remembers the newest ids up to a bound, so an event that comes twice (socket and sync) counts once. */
export class SeenIds {
  private readonly ids = new Set<string>()

  constructor(private readonly capacity = 500) {}

  /** Adds `id`; false when it was already known. Forgets the oldest id beyond the capacity. */
  add(id: string): boolean {
    if (this.ids.has(id)) return false
    this.ids.add(id)
    if (this.ids.size > this.capacity) {
      const oldest = this.ids.values().next().value
      if (oldest !== undefined) this.ids.delete(oldest)
    }
    return true
  }
}
