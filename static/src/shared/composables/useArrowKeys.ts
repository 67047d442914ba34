/** Moves the focus among the enabled buttons of a group by arrow keys; one of them is in the tab order. */

/** How many places each key moves in a group with `columns` per row; null for other keys. */
export function stepOfKey(key: string, columns: number): number | null {
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    Home: -Infinity,
    End: Infinity,
  }
  return steps[key] ?? null
}

/** Handles an arrow key inside `root`: focuses the button that many places further, stopping at the ends. */
export function moveFocus(event: KeyboardEvent, root: HTMLElement | null, columns = 1): void {
  const step = stepOfKey(event.key, columns)
  if (step === null || !root) return
  const buttons = [...root.querySelectorAll<HTMLElement>('button:not([disabled])')]
  const current = buttons.indexOf(document.activeElement as HTMLElement)
  if (current === -1) return
  event.preventDefault()
  buttons[Math.max(0, Math.min(buttons.length - 1, current + step))]?.focus()
}
