import { isRawNumber } from '../json/index.ts';
import { compileLinearPattern, type LinearPattern, PatternError } from '../linear-pattern/index.ts';
import { type FilterNode, parseFilter } from './parse-filter.ts';
import { FilterError } from './scan-filter.ts';

/** The value at a selector; undefined when there is none. */
export type Resolve = (selector: readonly string[]) => unknown;

export interface FilterOptions {
  /** The selectors there are; any when not given. A filter that names another is refused. */
  readonly selectors?: readonly string[];
  /** Brings what a value is compared with into the one form that the selector's values have. */
  readonly canonical?: Readonly<Record<string, (value: string) => string>>;
}

/** A filter, ready to decide. Takes time in proportion to filter and value. Throws `FilterError`. */
export function compileFilter(source: string, options: FilterOptions = {}): (resolve: Resolve) => boolean {
  return compileNode(parseFilter(source), options);
}

function compileNode(node: FilterNode, options: FilterOptions): (resolve: Resolve) => boolean {
  switch (node.kind) {
    case 'and': {
      const parts = node.parts.map((part) => compileNode(part, options));
      return (resolve) => parts.every((part) => part(resolve));
    }
    case 'or': {
      const parts = node.parts.map((part) => compileNode(part, options));
      return (resolve) => parts.some((part) => part(resolve));
    }
    case 'not': {
      const part = compileNode(node.part, options);
      return (resolve) => !part(resolve);
    }
    case 'test':
      return compileTest(node, options);
  }
}

function compileTest(
  node: Extract<FilterNode, { kind: 'test' }>,
  { selectors, canonical }: FilterOptions,
): (resolve: Resolve) => boolean {
  const { selector, isNegated } = node;
  const name = selector.join('.');
  if (selectors && !selectors.includes(name))
    throw new FilterError(`there is no such selector; there are: ${selectors.join(', ')}`, node.at);
  const wanted = node.comparison === 'equal' ? (canonical?.[name]?.(node.value) ?? node.value) : node.value;
  const test = comparisonOf(node, wanted);
  return (resolve) => test(resolve(selector)) !== isNegated;
}

/** What is not there equals nothing, holds nothing and matches nothing; it is empty. */
function comparisonOf(
  { comparison, at }: Extract<FilterNode, { kind: 'test' }>,
  wanted: string,
): (value: unknown) => boolean {
  switch (comparison) {
    case 'equal':
      return (value) => textOf(value) === wanted;
    case 'contains':
      return (value) => holds(value, wanted);
    case 'empty':
      return isEmpty;
    case 'matches': {
      const pattern = patternOf(wanted, at);
      return (value) => {
        const text = textOf(value);
        return text !== undefined && pattern.test(text);
      };
    }
  }
}

function patternOf(source: string, at: number): LinearPattern {
  try {
    return compileLinearPattern(source);
  } catch (error) {
    if (error instanceof PatternError) throw new FilterError(error.message, at);
    throw error;
  }
}

/** Numbers as they are written, so that `10` is 10. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return isRawNumber(value) ? value.rawJSON : undefined;
}

function holds(value: unknown, wanted: string): boolean {
  if (typeof value === 'string') return value.includes(wanted);
  if (Array.isArray(value)) return value.some((item) => textOf(item) === wanted);
  return isObject(value) && Object.hasOwn(value, wanted);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isRawNumber(value);
}
