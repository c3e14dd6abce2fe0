/**
 * Globs over paths: `*` stands for anything within a segment, `?` for one character, `**` for any number of segments. A pattern that names a
 * folder (`secret/ai/`, or one that matches the beginning of a path at a slash) covers what is below it.
 */
export class PathFilter {
  readonly #include: readonly (readonly string[])[];
  readonly #exclude: readonly (readonly string[])[];

  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#include = include.map(segmentsOf);
    this.#exclude = exclude.map(segmentsOf);
  }

  takes(path: string): boolean {
    const segments = segmentsOf(path);
    const covered = (pattern: readonly string[]): boolean => covers(pattern, segments, false);
    return (this.#include.length === 0 || this.#include.some(covered)) && !this.#exclude.some(covered);
  }

  /** Whether something below this folder (ending in '/') may be taken. */
  mayTakeBelow(folder: string): boolean {
    const segments = segmentsOf(folder);
    if (this.#exclude.some((pattern) => covers(pattern, segments, false))) return false;
    return this.#include.length === 0 || this.#include.some((pattern) => covers(pattern, segments, true));
  }
}

function segmentsOf(path: string): string[] {
  return path.replace(/^\/+|\/+$/g, '').split('/');
}

/** `orLeadsTo`: true as well when the pattern goes on below the path. */
function covers(pattern: readonly string[], path: readonly string[], orLeadsTo: boolean): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return true;
  if (first === '**') {
    if (orLeadsTo || rest.length === 0) return true;
    return path.some((_segment, at) => covers(rest, path.slice(at), false));
  }
  const [segment, ...below] = path;
  if (segment === undefined) return orLeadsTo;
  return matches(first, segment) && covers(rest, below, orLeadsTo);
}

/** Greedy with one place to go back to: linear in practice, and never exponential. */
function matches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let from = 0;
  let position = 0;
  while (position < text.length) {
    const sign = pattern[at];
    if (sign === '*') {
      star = at++;
      from = position;
    } else if (sign !== undefined && (sign === '?' || sign === text[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++from;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
