import { isRawNumber } from '../../../formats/json/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';

const maxKeys = 64;
const maxKeyBytes = 128;
const maxValueBytes = 512;

/**
 * What a client sent as custom_metadata as text to text: numbers become their text and booleans 1 and 0, as
 * in Vault. Throws 'invalid-request' in Vault's words when a value is no scalar or a limit is broken.
 */
export function readCustomMetadata(given: JsonObject): Readonly<Record<string, string>> {
  const pairs = Object.entries(given).map(([key, value]): [string, string] => [key, scalarText(value)]);
  return checked(pairs);
}

/** `before` with `patch` merged in; null removes a key. The limits hold for the result too. */
export function patchCustomMetadata(
  before: Readonly<Record<string, string>> | null,
  patch: JsonObject,
): Readonly<Record<string, string>> {
  const merged = new Map(Object.entries(before ?? {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, scalarText(value));
  }
  return checked([...merged]);
}

function scalarText(value: unknown): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (isRawNumber(value)) return JSON.stringify(value);
  const kind = Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
  throw invalidRequest(
    `custom_metadata validation failed: '' expected type 'string', got unconvertible type '${kind}'`,
  );
}

function checked(pairs: readonly [string, string][]): Readonly<Record<string, string>> {
  const problems: string[] = [];
  if (pairs.length > maxKeys) {
    problems.push(`payload must contain at most ${maxKeys} keys, provided ${pairs.length}`);
  } else {
    for (const [key, value] of pairs) problems.push(...problemsOf(key, value));
  }
  if (problems.length > 0) {
    const lines = problems.map((problem) => `\t* custom_metadata validation failed: ${problem}\n`).join('');
    const count = problems.length === 1 ? '1 error' : `${problems.length} errors`;
    throw invalidRequest(`${count} occurred:\n${lines}\n`);
  }
  return Object.fromEntries(pairs);
}

function problemsOf(key: string, value: string): string[] {
  const problems: string[] = [];
  const name = JSON.stringify(key);
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = Buffer.byteLength(value);
  if (keyBytes === 0 || keyBytes > maxKeyBytes) {
    problems.push(`length of key ${name} is ${keyBytes} but must be 0 < len(key) <= ${maxKeyBytes}`);
  }
  if (valueBytes === 0 || valueBytes > maxValueBytes) {
    problems.push(
      `length of value for key ${name} is ${valueBytes} but must be 0 < len(value) <= ${maxValueBytes}`,
    );
  }
  if (!isPrintable(key)) problems.push(`key ${name} contains unprintable characters`);
  if (!isPrintable(value)) problems.push(`value for key ${name} contains unprintable characters`);
  return problems;
}

/** As Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and the ASCII space. */
function isPrintable(text: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(text);
}
