import { nextTick } from 'vue'

/** Moves the focus to the first field with an error inside `root`, so that it is seen and read. */
export async function focusFirstInvalid(root: HTMLElement | null): Promise<void> {
  await nextTick()
  root?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
}
