import { onScopeDispose, type Ref } from 'vue'

/** Calls `leave` when the user presses outside of `root`. */
export function onClickOutside(root: Readonly<Ref<HTMLElement | null>>, leave: () => void): void {
  const listen = (event: PointerEvent) => {
    const target = event.target
    if (root.value && target instanceof Node && !root.value.contains(target)) leave()
  }
  document.addEventListener('pointerdown', listen)
  onScopeDispose(() => document.removeEventListener('pointerdown', listen))
}
