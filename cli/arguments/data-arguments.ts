import fs from 'node:fs';
import { isRawNumber, type JsonValue, parseJson } from '../../formats/json/index.ts';
import { Failure, reasonOf } from '../failure.ts';

export type Data = Record<string, JsonValue>;

/**
 * Reads `key=value` arguments as Vault does: `key=@file` takes the file's text, `key=-` standard input, `key=\@text`
 * a text that begins with @; `@file` and `-` alone are JSON objects. A key given several times becomes a list.
 * Throws `Failure`; its message never holds a value, and of a key only what stands before `=`.
 */
export function readDataArguments(items: readonly string[], readInput: () => string): Data {
  const data = new Map<string, JsonValue>();
  let inputUsed = false;
  const input = (): string => {
    if (inputUsed) throw new Error('standard input is used twice');
    inputUsed = true;
    return readInput();
  };
  items.forEach((item, index) => {
    try {
      addItem(data, item, input);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Failure(1, `Failed to parse K=V data: ${nameOf(item, index)}: ${reason}`);
    }
  });
  return Object.fromEntries(data);
}

function addItem(data: Map<string, JsonValue>, item: string, input: () => string): void {
  const equals = item.indexOf('=');
  if (item === '-') addObject(data, input());
  else if (item.startsWith('@')) addObject(data, readTextFile(item.slice(1)));
  else if (equals === -1) throw new Error('format must be key=value');
  else add(data, item.slice(0, equals), readItemValue(item.slice(equals + 1), input));
}

function readItemValue(text: string, input: () => string): string {
  if (text === '-') return input();
  if (text.startsWith('@')) return readTextFile(text.slice(1));
  return text.startsWith('\\@') ? text.slice(1) : text;
}

function addObject(data: Map<string, JsonValue>, text: string): void {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isRawNumber(value))
    throw new Error('the JSON is not an object of keys and values');
  for (const [key, one] of Object.entries(value)) add(data, key, one);
}

function add(data: Map<string, JsonValue>, key: string, value: JsonValue): void {
  const before = data.get(key);
  if (before === undefined) data.set(key, value);
  else data.set(key, Array.isArray(before) ? [...before, value] : [before, value]);
}

/** What to call an argument in an error: never its value, which may be a secret that was mistyped. */
function nameOf(item: string, index: number): string {
  const equals = item.indexOf('=');
  const name = equals === -1 ? (item.startsWith('@') ? item : '') : item.slice(0, equals);
  const isFile = equals !== -1 && item[equals + 1] === '@';
  if (name === '') return `argument ${index + 1} is no key/value pair`;
  return `invalid key/value pair "${isFile ? item : name + (equals === -1 ? '' : '=…')}"`;
}

/** Throws an `Error` whose message names the file and why it cannot be read. */
export function readTextFile(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`cannot read ${path}: ${reasonOf(error)}`);
  }
}
