/** A pattern that cannot be compiled; the message says why and where, never what it holds. */
export class PatternError extends Error {
  constructor(reason: string, at: number) {
    super(`${reason} at character ${at + 1} of the pattern`);
    this.name = 'PatternError';
  }
}

export type CharacterTest = (codePoint: number) => boolean;

export type PatternNode =
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'begin' | 'end' | 'empty' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  | {
      readonly kind: 'repeat';
      readonly part: PatternNode;
      readonly min: number;
      /** Undefined: without end. */
      readonly max: number | undefined;
    };

const longestPattern = 1000;
const deepestNesting = 50;
const mostRepeats = 1000;

/** Throws `PatternError`. */
export function parsePattern(source: string): PatternNode {
  if (source.length > longestPattern)
    throw new PatternError(`more than ${longestPattern} characters`, longestPattern);
  const reader = new PatternReader(source);
  const node = reader.choice(0);
  reader.finish();
  return node;
}

const digit: CharacterTest = (code) => code >= 48 && code <= 57;
const word: CharacterTest = (code) =>
  digit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const space: CharacterTest = (code) => code === 32 || (code >= 9 && code <= 13 && code !== 11);
const classes: Readonly<Record<string, CharacterTest>> = {
  d: digit,
  D: (code) => !digit(code),
  w: word,
  W: (code) => !word(code),
  s: space,
  S: (code) => !space(code),
};
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

class PatternReader {
  readonly #characters: readonly string[];
  readonly #ignoresCase: boolean;
  #at = 0;

  constructor(source: string) {
    this.#ignoresCase = source.startsWith('(?i)');
    this.#characters = [...source];
    if (this.#ignoresCase) this.#at = 4;
  }

  finish(): void {
    if (this.#at < this.#characters.length) throw this.#error('a ) without a (');
  }

  choice(depth: number): PatternNode {
    if (depth > deepestNesting) throw this.#error('groups are nested too deeply');
    const parts = [this.#sequence(depth)];
    while (this.#take('|')) parts.push(this.#sequence(depth));
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'choice', parts };
  }

  #sequence(depth: number): PatternNode {
    const parts: PatternNode[] = [];
    for (;;) {
      const next = this.#characters[this.#at];
      if (next === undefined || next === '|' || next === ')') break;
      parts.push(this.#repeated(this.#atom(depth)));
    }
    return { kind: 'sequence', parts };
  }

  #repeated(part: PatternNode): PatternNode {
    const bounds = this.#bounds();
    if (!bounds) return part;
    // What is matched does not depend on who is greedy.
    this.#take('?');
    const next = this.#characters[this.#at];
    if (next === '*' || next === '+' || next === '?') throw this.#error('a repetition of a repetition');
    return { kind: 'repeat', part, ...bounds };
  }

  #bounds(): { readonly min: number; readonly max: number | undefined } | undefined {
    if (this.#take('*')) return { min: 0, max: undefined };
    if (this.#take('+')) return { min: 1, max: undefined };
    if (this.#take('?')) return { min: 0, max: 1 };
    if (this.#characters[this.#at] !== '{') return undefined;
    const rest = this.#characters.slice(this.#at, this.#at + 12).join('');
    const [all, low, comma, high] = /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(rest) ?? [];
    // As in Go, a brace that begins no repetition is itself.
    if (all === undefined || (comma === '' && high !== '')) return undefined;
    const min = Number(low);
    const max = comma === '' ? min : high === '' ? undefined : Number(high);
    if (min > mostRepeats || (max !== undefined && (max > mostRepeats || max < min)))
      throw this.#error('a repetition that cannot be');
    this.#at += all.length;
    return { min, max };
  }

  #atom(depth: number): PatternNode {
    const character = this.#next();
    switch (character) {
      case '(':
        return this.#group(depth);
      case '[':
        return { kind: 'character', test: this.#class() };
      case '.':
        return { kind: 'character', test: (code) => code !== 10 };
      case '^':
        return { kind: 'begin' };
      case '$':
        return { kind: 'end' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw this.#error('nothing to repeat');
      default:
        return { kind: 'character', test: this.#literal(codeOf(character)) };
    }
  }

  #group(depth: number): PatternNode {
    if (this.#take('?') && !this.#take(':')) throw this.#error('this kind of group is not supported');
    const inner = this.choice(depth + 1);
    if (!this.#take(')')) throw this.#error('a ( without a )');
    return inner;
  }

  #escape(): PatternNode {
    const character = this.#next();
    if (character === 'A') return { kind: 'begin' };
    if (character === 'z') return { kind: 'end' };
    return { kind: 'character', test: this.#escaped(character) };
  }

  #escaped(character: string): CharacterTest {
    const known = Object.hasOwn(classes, character) ? classes[character] : undefined;
    return known ?? this.#literal(this.#escapedCode(character));
  }

  #escapedCode(character: string): number {
    const control = Object.hasOwn(controls, character) ? controls[character] : undefined;
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(character)) throw this.#error('this escape is not supported');
    return codeOf(character);
  }

  #class(): CharacterTest {
    const isNegated = this.#take('^');
    const tests: CharacterTest[] = [];
    for (let first = true; ; first = false) {
      const character = this.#next();
      if (character === ']' && !first) break;
      tests.push(this.#classItem(character));
    }
    const isIn: CharacterTest = (code) => tests.some((test) => test(code));
    return isNegated ? (code) => !isIn(code) : isIn;
  }

  #classItem(character: string): CharacterTest {
    let low = codeOf(character);
    if (character === '[' && this.#characters[this.#at] === ':')
      throw this.#error('named classes are not supported');
    if (character === '\\') {
      const escaped = this.#next();
      if (Object.hasOwn(classes, escaped)) return this.#escaped(escaped);
      low = this.#escapedCode(escaped);
    }
    const after = this.#characters[this.#at + 1];
    if (this.#characters[this.#at] !== '-' || after === undefined || after === ']') return this.#literal(low);
    this.#at++;
    const end = this.#next();
    const high = end === '\\' ? this.#escapedCode(this.#next()) : codeOf(end);
    if (high < low) throw this.#error('a range that ends before it begins');
    return this.#anyCase((code) => code >= low && code <= high);
  }

  #literal(wanted: number): CharacterTest {
    return this.#anyCase((code) => code === wanted);
  }

  #anyCase(test: CharacterTest): CharacterTest {
    if (!this.#ignoresCase) return test;
    return (code) => {
      const text = String.fromCodePoint(code);
      return test(code) || test(codeOf(text.toLowerCase())) || test(codeOf(text.toUpperCase()));
    };
  }

  #next(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw this.#error('the pattern ends too early');
    this.#at++;
    return character;
  }

  #take(character: string): boolean {
    if (this.#characters[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #error(reason: string): PatternError {
    return new PatternError(reason, this.#at);
  }
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
