/** Makes the children of `target` like those of `source`, and touches only what differs: a selection in the rest survives. */
export function patchNodes(target: Node, source: Node): void {
  const wanted = [...source.childNodes]
  wanted.forEach((node, index) => {
    const present = target.childNodes[index]
    if (!present) target.appendChild(node)
    else if (!present.isEqualNode(node)) patchNode(target, present, node)
  })
  while (target.childNodes.length > wanted.length) target.lastChild?.remove()
}

function patchNode(parent: Node, present: Node, node: Node): void {
  if (present instanceof Text && node instanceof Text) present.data = node.data
  else if (present instanceof Element && node instanceof Element && hasSameShell(present, node)) patchNodes(present, node)
  else parent.replaceChild(node, present)
}

function hasSameShell(one: Element, other: Element): boolean {
  return one.tagName === other.tagName && one.cloneNode(false).isEqualNode(other.cloneNode(false))
}
