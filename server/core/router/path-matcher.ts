import type { PathDeclaration } from '../../contracts/paths.ts';

export interface PathMatch<T> {
  readonly target: T;
  readonly parameters: Readonly<Record<string, string>>;
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: { readonly name: string; readonly node: Node<T> } | undefined;
  /** Longest suffix first. */
  readonly rests: {
    readonly name: string;
    readonly optional: boolean;
    readonly suffix: readonly string[];
    readonly target: T;
  }[];
  target: T | undefined;
}

const parameterSegment = /^\{([a-z_]+)\}$/;
const restSegment = /^\{([a-z_]+)(\?)?\.\.\.\}$/;
const none: Readonly<Record<string, string>> = Object.freeze({});

/**
 * Finds the declared path for a mount-relative path: literal segments win over `{name}`, which wins over
 * `{name...}`. The syntax of patterns is `PathDeclaration.pattern`'s; a wrong or doubled pattern throws.
 */
export class PathMatcher<T extends { readonly pattern: string } = PathDeclaration> {
  readonly #root: Node<T> = emptyNode();

  constructor(targets: readonly T[]) {
    for (const target of targets) this.#add(target);
  }

  /** `path` has no trailing slash. */
  find(path: string): PathMatch<T> | undefined {
    return match(this.#root, path === '' ? [] : path.split('/'), 0);
  }

  #add(target: T): void {
    const segments = target.pattern === '' ? [] : target.pattern.split('/');
    let node = this.#root;
    for (const [index, segment] of segments.entries()) {
      const rest = restSegment.exec(segment);
      if (rest) {
        const suffix = segments.slice(index + 1);
        if (suffix.some((part) => part.includes('{')))
          throw new Error(`pattern ${target.pattern}: only literals may follow {${rest[1]}...}`);
        const optional = rest[2] === '?';
        if (node.rests.some((other) => other.suffix.join('/') === suffix.join('/')))
          throw new Error(`pattern ${target.pattern} is declared twice`);
        node.rests.push({ name: rest[1]!, optional, suffix, target });
        node.rests.sort((a, b) => b.suffix.length - a.suffix.length);
        return;
      }
      const parameter = parameterSegment.exec(segment);
      if (parameter) {
        node.parameter ??= { name: parameter[1]!, node: emptyNode() };
        if (node.parameter.name !== parameter[1])
          throw new Error(
            `pattern ${target.pattern}: {${parameter[1]}} is {${node.parameter.name}} in another pattern`,
          );
        node = node.parameter.node;
      } else {
        if (segment === '' || segment.includes('{'))
          throw new Error(`pattern ${target.pattern}: cannot read segment "${segment}"`);
        const next = node.literals.get(segment) ?? emptyNode();
        node.literals.set(segment, next);
        node = next;
      }
    }
    if (node.target) throw new Error(`pattern ${target.pattern} is declared twice`);
    node.target = target;
  }
}

function emptyNode<T>(): Node<T> {
  return { literals: new Map(), parameter: undefined, rests: [], target: undefined };
}

function match<T>(node: Node<T>, segments: readonly string[], index: number): PathMatch<T> | undefined {
  if (index === segments.length) {
    if (node.target) return { target: node.target, parameters: none };
    const rest = node.rests.find((candidate) => candidate.optional && candidate.suffix.length === 0);
    return rest && { target: rest.target, parameters: { [rest.name]: '' } };
  }
  const segment = segments[index]!;
  const literal = node.literals.get(segment);
  if (literal) {
    const found = match(literal, segments, index + 1);
    if (found) return found;
  }
  if (node.parameter) {
    const found = match(node.parameter.node, segments, index + 1);
    if (found)
      return { target: found.target, parameters: { ...found.parameters, [node.parameter.name]: segment } };
  }
  for (const rest of node.rests) {
    const end = segments.length - rest.suffix.length;
    if (end < index + (rest.optional ? 0 : 1)) continue;
    if (rest.suffix.every((part, offset) => segments[end + offset] === part)) {
      return { target: rest.target, parameters: { [rest.name]: segments.slice(index, end).join('/') } };
    }
  }
  return undefined;
}
