import { FilterError, type FilterToken, scanFilter } from './scan-filter.ts';

export type Comparison = 'equal' | 'contains' | 'matches' | 'empty';

export type FilterNode =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly FilterNode[] }
  | { readonly kind: 'not'; readonly part: FilterNode }
  | {
      readonly kind: 'test';
      /** From the outermost object inwards. */
      readonly selector: readonly string[];
      readonly comparison: Comparison;
      readonly isNegated: boolean;
      readonly value: string;
      readonly at: number;
    };

const deepestNesting = 50;
const mostTests = 200;

/**
 * Reads HashiCorp's filter language (go-bexpr): `and`, `or`, `not`, parentheses; `==`, `!=`, `contains`, `in`, `matches`, `is empty`
 * and what `not` makes of them. A selector is a name with dots, or a quoted JSON pointer (`"/request/path"`); a value a
 * word, or a text in quotes. Throws `FilterError`.
 */
export function parseFilter(source: string): FilterNode {
  return new FilterReader(scanFilter(source)).whole();
}

class FilterReader {
  readonly #tokens: readonly FilterToken[];
  #at = 0;
  #tests = 0;

  constructor(tokens: readonly FilterToken[]) {
    this.#tokens = tokens;
  }

  whole(): FilterNode {
    const node = this.#either(0);
    const rest = this.#peek();
    if (rest.kind !== 'end') throw new FilterError('expected "and", "or" or the end', rest.at);
    return node;
  }

  #either(depth: number): FilterNode {
    const parts = [this.#both(depth)];
    while (this.#takeWord('or')) parts.push(this.#both(depth));
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'or', parts };
  }

  #both(depth: number): FilterNode {
    const parts = [this.#negated(depth)];
    while (this.#takeWord('and')) parts.push(this.#negated(depth));
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'and', parts };
  }

  #negated(depth: number): FilterNode {
    if (depth > deepestNesting) throw new FilterError('nested too deeply', this.#peek().at);
    if (this.#takeWord('not')) return { kind: 'not', part: this.#negated(depth + 1) };
    if (this.#peek().kind !== '(') return this.#test();
    this.#at++;
    const node = this.#either(depth + 1);
    const end = this.#next();
    if (end.kind !== ')') throw new FilterError('a ( without a )', end.at);
    return node;
  }

  #test(): FilterNode {
    if (++this.#tests > mostTests)
      throw new FilterError(`more than ${mostTests} comparisons`, this.#peek().at);
    const first = this.#operand();
    const indexes = this.#indexes();
    const operator = this.#next();
    const word = operator.kind === 'word' ? operator.text : operator.kind;
    const isNegated = word === 'not' || word === '!=';
    const actual = word === 'not' ? this.#word() : word;
    const made = (
      selector: readonly string[],
      comparison: Comparison,
      value: string,
      negated = isNegated,
    ): FilterNode => ({
      kind: 'test',
      selector,
      comparison,
      isNegated: negated,
      value,
      at: first.at,
    });
    switch (actual) {
      case '==':
      case '!=':
        return made([...selectorOf(first), ...indexes], 'equal', this.#operand().text);
      case 'contains':
        return made([...selectorOf(first), ...indexes], 'contains', this.#operand().text);
      case 'matches':
        return made([...selectorOf(first), ...indexes], 'matches', this.#operand().text);
      case 'in':
        return made([...selectorOf(this.#operand()), ...this.#indexes()], 'contains', first.text);
      case 'is': {
        if (word === 'not') break;
        const negated = this.#takeWord('not');
        if (!this.#takeWord('empty')) break;
        return made([...selectorOf(first), ...indexes], 'empty', '', negated);
      }
    }
    throw new FilterError(
      'expected ==, !=, in, contains, matches, is empty, or one of these with not',
      operator.at,
    );
  }

  /** `name["key"]` */
  #indexes(): string[] {
    const names: string[] = [];
    while (this.#peek().kind === '[') {
      this.#at++;
      names.push(this.#operand().text);
      const end = this.#next();
      if (end.kind !== ']') throw new FilterError('a [ without a ]', end.at);
    }
    return names;
  }

  #operand(): Extract<FilterToken, { kind: 'word' | 'text' }> {
    const token = this.#next();
    if (token.kind !== 'word' && token.kind !== 'text')
      throw new FilterError('expected a name or a value', token.at);
    return token;
  }

  #word(): string {
    const token = this.#next();
    return token.kind === 'word' ? token.text : '';
  }

  #takeWord(text: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'word' || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #next(): FilterToken {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  #peek(): FilterToken {
    return this.#tokens[this.#at] ?? { kind: 'end', at: 0 };
  }
}

/** RFC 6901 in quotes, with or without its first slash; else names with dots between them. */
function selectorOf(token: Extract<FilterToken, { kind: 'word' | 'text' }>): string[] {
  const { text, at } = token;
  const names =
    token.kind === 'text' || text.startsWith('/')
      ? text
          .replace(/^\//, '')
          .split('/')
          .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
      : text.split(/[./]/);
  if (names.some((name) => name === '')) throw new FilterError('this is no selector', at);
  return names;
}
