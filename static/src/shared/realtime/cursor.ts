const keyOf = (userId: string) => `educounsel.cursor.${userId}`

/**
 * This tab's position in the durable log, and its copy in localStorage for the next tab of the same user.
 * The tab's own position wins: another tab may already be further ahead.
 */
export class Cursor {
  private position: string | null

  constructor(
    private readonly userId: string,
    private readonly storage: Pick<Storage, 'getItem' | 'setItem'> = localStorage,
  ) {
    this.position = this.read()
  }

  get value(): string | null {
    return this.position
  }

  /** Moves on and stores the position; a full or blocked storage only costs the copy. */
  moveTo(position: string): void {
    this.position = position
    try {
      this.storage.setItem(keyOf(this.userId), position)
    } catch {
      // The position in memory is enough for this tab.
    }
  }

  private read(): string | null {
    try {
      return this.storage.getItem(keyOf(this.userId))
    } catch {
      return null
    }
  }
}
