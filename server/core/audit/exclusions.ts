import { compileFilter, FilterError, type Resolve } from '../../../formats/filter-expression/index.ts';
import { isRawNumber, JsonError, parseJson } from '../../../formats/json/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { hashedJson } from './hashed-json.ts';

/** Takes what is excluded out of a rendered entry. */
export type Exclusions = (entry: string) => string;

interface Exclusion {
  readonly condition: ((resolve: Resolve) => boolean) | undefined;
  /** Each the names from the outermost object inwards. */
  readonly fields: readonly (readonly string[])[];
}

const mostFields = 200;
const nothing = new Set<string>();
const asItIs = (text: string): string => text;

/**
 * The option `exclude`: a JSON list of `{"condition": filter, "fields": [JSON pointers]}`. Conditions look at the entry as it would be
 * written without exclusions, so with its hashes. Throws 'invalid-request'.
 */
export function parseExclusions(source: string): Exclusions {
  const list = parsed(source);
  if (!Array.isArray(list) || list.length === 0) throw wrong('it is a JSON list of {"condition", "fields"}');
  const exclusions = list.map(exclusionOf);
  if (exclusions.reduce((sum, { fields }) => sum + fields.length, 0) > mostFields)
    throw wrong(`more than ${mostFields} fields`);
  return (entry) => without(entry, exclusions);
}

function parsed(source: string): unknown {
  try {
    return parseJson(source, { maxDepth: 10 });
  } catch (error) {
    if (error instanceof JsonError) throw wrong(`it is not JSON: ${error.message}`);
    throw error;
  }
}

function exclusionOf(value: unknown): Exclusion {
  if (!isObject(value)) throw wrong('each exclusion is an object with "condition" and "fields"');
  for (const name of Object.keys(value))
    if (name !== 'condition' && name !== 'fields')
      throw wrong('an exclusion has "condition" and "fields" only');
  const condition: unknown = Reflect.get(value, 'condition') ?? '';
  const fields: unknown = Reflect.get(value, 'fields');
  if (typeof condition !== 'string') throw wrong('"condition" is a text');
  if (!Array.isArray(fields) || fields.length === 0) throw wrong('"fields" is a list of JSON pointers');
  return { condition: conditionOf(condition), fields: fields.map(pointerOf) };
}

function conditionOf(source: string): Exclusion['condition'] {
  if (source.trim() === '') return undefined;
  try {
    return compileFilter(source);
  } catch (error) {
    if (error instanceof FilterError) throw wrong(`"condition": ${error.message}`);
    throw error;
  }
}

/** RFC 6901. The whole entry is no field. */
function pointerOf(value: unknown): readonly string[] {
  if (typeof value !== 'string' || !/^\/./.test(value))
    throw wrong('each of "fields" is a JSON pointer such as /request/data');
  return value
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function without(entry: string, exclusions: readonly Exclusion[]): string {
  const original: unknown = parseJson(entry, { maxDepth: 1000 });
  const resolve: Resolve = (selector) => at(original, selector);
  const wanted = exclusions.filter(({ condition }) => condition === undefined || condition(resolve));
  if (wanted.length === 0 || !isObject(original)) return entry;
  for (const { fields } of wanted) for (const field of fields) remove(original, field);
  return hashedJson({ ...original }, asItIs, nothing);
}

function at(value: unknown, selector: readonly string[]): unknown {
  let found = value;
  for (const name of selector) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}

function remove(entry: object, field: readonly string[]): void {
  const holder = at(entry, field.slice(0, -1));
  const name = field.at(-1) ?? '';
  if (isObject(holder) && !Array.isArray(holder)) Reflect.deleteProperty(holder, name);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isRawNumber(value);
}

function wrong(reason: string) {
  return invalidRequest(`audit option "exclude": ${reason}`);
}
