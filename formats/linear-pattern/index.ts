import { parsePattern } from './parse-pattern.ts';
import { compile, matchesSomewhere } from './program.ts';

export { PatternError } from './parse-pattern.ts';

/** A regular expression that takes time in proportion to the text, whoever wrote it. */
export interface LinearPattern {
  /** Whether it matches somewhere in `text`. */
  test(text: string): boolean;
}

/**
 * Compiles the part of Go's RE2 syntax that has nothing to do with captures: literals, `.`, classes, `\d \w \s`,
 * groups, `|`, `* + ? {n,m}`, `^`, `$`, and `(?i)` at the start. Patterns come from callers whom nobody vouches for, so they
 * never reach the backtracking engine of the language. Throws `PatternError`.
 */
export function compileLinearPattern(source: string): LinearPattern {
  const program = compile(parsePattern(source));
  return { test: (text) => matchesSomewhere(program, text) };
}
