interface Node<T> {
  label: string;
  value: T | undefined;
  /** By the first UTF-16 unit of the child's label. */
  children: Map<number, Node<T>> | undefined;
}

/** Values under strings, found by the longest of them that a text begins with, at a cost that their number does not change. */
export class RadixTree<T> {
  readonly #root: Node<T> = { label: '', value: undefined, children: undefined };

  set(key: string, value: T): void {
    let node = this.#root;
    let rest = key;
    while (rest !== '') {
      const first = rest.charCodeAt(0);
      node.children ??= new Map();
      const child = node.children.get(first);
      if (!child) {
        node.children.set(first, { label: rest, value, children: undefined });
        return;
      }
      const shared = sharedLength(child.label, rest);
      if (shared < child.label.length) {
        const upper: Node<T> = { label: child.label.slice(0, shared), value: undefined, children: undefined };
        child.label = child.label.slice(shared);
        upper.children = new Map([[child.label.charCodeAt(0), child]]);
        node.children.set(first, upper);
        node = upper;
      } else node = child;
      rest = rest.slice(shared);
    }
    node.value = value;
  }

  /** The value of the longest key with which `text`, from `start` on, begins. */
  longestPrefix(text: string, start = 0): T | undefined {
    let node = this.#root;
    let at = start;
    let found = node.value;
    for (;;) {
      const child = at < text.length ? node.children?.get(text.charCodeAt(at)) : undefined;
      if (!child || !text.startsWith(child.label, at)) return found;
      at += child.label.length;
      node = child;
      if (node.value !== undefined) found = node.value;
    }
  }
}

function sharedLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
