import { RadixTree } from './radix-tree.ts';

interface Node<T> {
  literal: Map<string, Node<T>> | undefined;
  any: Node<T> | undefined;
  /** Patterns that end with this node's segment. */
  here: T | undefined;
  /** Patterns whose last segment is a beginning with `*`, tried against what follows this node. */
  beginnings: RadixTree<T> | undefined;
}

interface Ranked {
  /** Of two patterns that match, the one with the higher rank counts. */
  readonly rank: number;
}

/**
 * Patterns whose `+` stands for one segment, by segments. A look-up visits a literal branch and a `+` branch
 * for each segment of the path, so its cost depends on the shapes of the patterns and not on their number.
 */
export class SegmentTree<T extends Ranked> {
  readonly #root: Node<T> = emptyNode();
  #isEmpty = true;

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** `literalSegments` is how many segments at the front mean themselves, even a `+`. */
  set(pattern: string, literalSegments: number, value: T): void {
    this.#isEmpty = false;
    const segments = pattern.split('/');
    const beginning = pattern.endsWith('*') ? (segments.pop() ?? '').slice(0, -1) : undefined;
    let node = this.#root;
    for (const [index, segment] of segments.entries()) {
      if (segment === '+' && index >= literalSegments) node = node.any ??= emptyNode();
      else {
        node.literal ??= new Map();
        const next = node.literal.get(segment) ?? emptyNode();
        node.literal.set(segment, next);
        node = next;
      }
    }
    if (beginning === undefined) node.here = value;
    else {
      node.beginnings ??= new RadixTree();
      node.beginnings.set(beginning, value);
    }
  }

  /** The highest-ranked pattern that matches all of `path`. */
  match(path: string): T | undefined {
    if (this.#isEmpty) return undefined;
    // Without a + in the path, what is found under more literal segments has its first wildcard later, and wins.
    return search(this.#root, path, 0, !path.includes('+'));
  }
}

function emptyNode<T>(): Node<T> {
  return { literal: undefined, any: undefined, here: undefined, beginnings: undefined };
}

/** `start` is where the next segment begins; beyond the end of the path when there is none. */
function search<T extends Ranked>(
  node: Node<T>,
  path: string,
  start: number,
  literalWins: boolean,
): T | undefined {
  if (start > path.length) return node.here;
  const slash = path.indexOf('/', start);
  const end = slash === -1 ? path.length : slash;
  let best = node.beginnings?.longestPrefix(path, start);
  const literal = node.literal?.get(path.slice(start, end));
  if (literal) best = higher(best, search(literal, path, end + 1, literalWins));
  if (best && literalWins) return best;
  return node.any ? higher(best, search(node.any, path, end + 1, false)) : best;
}

function higher<T extends Ranked>(a: T | undefined, b: T | undefined): T | undefined {
  if (!a || !b) return a ?? b;
  return b.rank > a.rank ? b : a;
}
