import { DurationError, parseWholeSeconds } from '../../../formats/duration/index.ts';
import { isRawNumber, numberOf } from '../../../formats/json/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclaration, FieldType, PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';

export type ParsedFields = Readonly<Record<string, unknown>>;

const mostNamed = 100;
const longestName = 200;
/** In one list that comes as text. */
const mostItems = 100_000;

interface CompiledField {
  readonly name: string;
  readonly declaration: FieldDeclaration;
  readonly inPath: boolean;
}

/**
 * Reads the fields of one declared path from path parameters and data, as Vault's framework does: numbers
 * and booleans may come as strings, null means "not given". Throws 'invalid-request' naming the field,
 * never its value.
 */
export class FieldReader {
  readonly #fields: readonly CompiledField[];
  readonly #names: ReadonlySet<string>;
  readonly #parameters: ReadonlySet<string>;
  readonly #anyFields: boolean;

  constructor(path: PathDeclaration) {
    this.#parameters = new Set(
      [...path.pattern.matchAll(/\{([a-z_]+)\??(?:\.\.\.)?\}/g)].map((found) => found[1]!),
    );
    for (const name of this.#parameters) {
      if (!Object.hasOwn(path.fields, name))
        throw new Error(`pattern ${path.pattern}: {${name}} is not declared as a field`);
    }
    this.#fields = Object.entries(path.fields).map(([name, declaration]) => ({
      name,
      declaration,
      inPath: this.#parameters.has(name),
    }));
    this.#names = new Set(
      this.#fields.flatMap(({ name, declaration }) => [name, ...(declaration.aliases ?? [])]),
    );
    this.#anyFields = path.anyFields ?? false;
  }

  read(parameters: Readonly<Record<string, string>>, data: JsonObject): ParsedFields {
    const values: Record<string, unknown> = {};
    for (const { name, declaration, inPath } of this.#fields) {
      const given = inPath ? parameters[name] : lookUp(data, name, declaration);
      if (given === undefined || given === null) {
        if (declaration.required) throw invalidRequest(`missing required field "${name}"`);
        if (declaration.default !== undefined) values[name] = declaration.default;
        continue;
      }
      values[name] = readField(name, declaration, given);
    }
    return values;
  }

  /** Vault's two warnings about parameters that had no effect. */
  warnings(data: JsonObject): string[] | undefined {
    let ignored: string[] | undefined;
    let replaced: string[] | undefined;
    for (const key in data) {
      if (this.#parameters.has(key)) {
        replaced ??= [];
        replaced.push(key);
      } else if (!this.#anyFields && !this.#names.has(key)) {
        ignored ??= [];
        ignored.push(key);
      }
    }
    const warnings: string[] = [];
    if (ignored) warnings.push(`Endpoint ignored these unrecognized parameters: ${listOf(ignored)}`);
    if (replaced && !this.#anyFields) {
      warnings.push(
        `Endpoint replaced the value of these parameters with the values captured from the endpoint's path: ${listOf(replaced)}`,
      );
    }
    return warnings.length > 0 ? warnings : undefined;
  }
}

/** As Go prints a list. Bounded: names come from outside. */
function listOf(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).map((name) => name.slice(0, longestName));
  return `[${shown.sort().join(' ')}${names.length > mostNamed ? ' …' : ''}]`;
}

function lookUp(data: JsonObject, name: string, declaration: FieldDeclaration): unknown {
  if (Object.hasOwn(data, name)) return data[name];
  for (const alias of declaration.aliases ?? []) if (Object.hasOwn(data, alias)) return data[alias];
  return undefined;
}

function readField(name: string, declaration: FieldDeclaration, given: unknown): unknown {
  const value = readers[declaration.type](given, name);
  if (declaration.allowed && !declaration.allowed.includes(value as string | number)) {
    throw invalidRequest(`field "${name}" must be one of ${declaration.allowed.join(', ')}`);
  }
  return value;
}

const readers: Readonly<Record<FieldType, (given: unknown, name: string) => unknown>> = {
  string: readString,
  'lower-string': (given, name) => readString(given, name).trim().toLowerCase(),
  int: (given, name) => {
    const value = readNumber(given, name);
    if (!Number.isSafeInteger(value)) throw wrong(name, 'a whole number');
    return value;
  },
  float: readNumber,
  bool: readBool,
  duration: (given, name) => readDuration(given, name, false),
  'signed-duration': (given, name) => readDuration(given, name, true),
  map: readMap,
  'key-values': readKeyValues,
  strings: (given, name) => (typeof given === 'string' ? splitCommas(given) : readList(given, name)),
  'string-list': (given, name) =>
    typeof given === 'string' ? (given === '' ? [] : [given]) : readList(given, name),
  ints: (given, name) => {
    const items = typeof given === 'string' ? splitCommas(given) : Array.isArray(given) ? given : [given];
    return items.map((item) => readers.int(item, name));
  },
  time: readTime,
  any: (given) => given,
};

function readString(given: unknown, name: string): string {
  if (typeof given === 'string') return given;
  if (typeof given === 'number' || typeof given === 'boolean') return String(given);
  if (isRawNumber(given)) return given.rawJSON;
  throw wrong(name, 'a string');
}

function readNumber(given: unknown, name: string): number {
  if (typeof given === 'boolean') return given ? 1 : 0;
  const value =
    typeof given === 'string'
      ? /^\s*[-+]?\d+(?:\.\d+)?\s*$/.test(given)
        ? Number(given)
        : undefined
      : numberOf(given);
  if (value === undefined || !Number.isFinite(value)) throw wrong(name, 'a number');
  return value;
}

/** As Go's strconv.ParseBool, and numbers. */
function readBool(given: unknown, name: string): boolean {
  if (typeof given === 'boolean') return given;
  if (typeof given === 'number') return given !== 0;
  if (typeof given === 'string') {
    if (/^(?:1|t|true)$/i.test(given)) return true;
    if (/^(?:0|f|false|)$/i.test(given)) return false;
  }
  throw wrong(name, 'true or false');
}

function readDuration(given: unknown, name: string, allowNegative: boolean): number {
  try {
    return parseWholeSeconds(given, { allowNegative });
  } catch (error) {
    if (error instanceof DurationError)
      throw invalidRequest(`field "${name}": ${error.message}`, { hint: error.hint });
    throw error;
  }
}

function readMap(given: unknown, name: string): JsonObject {
  if (typeof given === 'object' && given !== null && !Array.isArray(given) && !isRawNumber(given))
    return given as JsonObject;
  throw wrong(name, 'an object');
}

function readKeyValues(given: unknown, name: string): Readonly<Record<string, string>> {
  const pairs: [string, string][] = [];
  if (typeof given === 'string' || Array.isArray(given)) {
    for (const item of typeof given === 'string' ? splitCommas(given) : given) {
      const text = readString(item, name);
      const cut = text.indexOf('=');
      if (cut < 1) throw wrong(name, 'an object of strings or a list of key=value');
      pairs.push([text.slice(0, cut), text.slice(cut + 1)]);
    }
  } else {
    for (const [key, value] of Object.entries(readMap(given, name)))
      pairs.push([key, value === null ? '' : readString(value, name)]);
  }
  return Object.fromEntries(pairs);
}

function readList(given: unknown, name: string): readonly string[] {
  if (Array.isArray(given)) return given.map((item) => readString(item, name));
  return [readString(given, name)];
}

/** Counted first: a body of nothing but commas would hold up everybody else. */
function splitCommas(text: string): string[] {
  if (hasMoreCommas(text, mostItems)) throw invalidRequest(`a list holds more than ${mostItems} items`);
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function hasMoreCommas(text: string, most: number): boolean {
  let at = -1;
  for (let count = 0; count <= most; count++) {
    at = text.indexOf(',', at + 1);
    if (at === -1) return false;
  }
  return true;
}

function readTime(given: unknown, name: string): number {
  const seconds = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : numberOf(given);
  const ms =
    seconds === undefined ? (typeof given === 'string' ? Date.parse(given) : Number.NaN) : seconds * 1000;
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15)
    throw wrong(name, 'a time (RFC 3339, or seconds since 1970)');
  return ms;
}

function wrong(name: string, expected: string): Error {
  return invalidRequest(`field "${name}" must be ${expected}`);
}
