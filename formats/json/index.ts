import { locateProblem } from './locate-problem.ts';

/** A number kept as it was written, because a JavaScript number would change it: `1.0`, `1e400`, `12345678901234567890`. */
export interface RawNumber {
  readonly rawJSON: string;
}

declare global {
  /** In the runtime, and not yet in TypeScript's library. */
  interface JSON {
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): value is RawNumber;
  }
}

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | RawNumber
  | JsonValue[]
  | { [key: string]: JsonValue };

export interface JsonLimits {
  /** Arrays and objects within one another. */
  readonly maxDepth: number;
  /** Longest string or key, in UTF-16 units of the text. */
  readonly maxStringLength?: number;
  /** Values in all arrays and objects together; an array or object counts twice. */
  readonly maxValues?: number;
}

/** No stricter than Vault's own defaults; the size of a body is the listener's to limit. */
export const defaultJsonLimits: JsonLimits = { maxDepth: 300 };

/**
 * The text is not JSON (`syntax`) or breaks a limit (`too-deep`, `too-large`). Says where, never what:
 * a malformed body may hold a secret.
 */
export class JsonError extends Error {
  readonly kind: 'syntax' | 'too-deep' | 'too-large';
  /** Both from 1; columns count UTF-16 units. */
  readonly line: number;
  readonly column: number;
  constructor(kind: JsonError['kind'], reason: string, text: string, offset: number) {
    const { line, column } = positionAt(text, offset);
    super(`invalid JSON at line ${line}, column ${column}: ${reason}`);
    this.name = 'JsonError';
    this.kind = kind;
    this.line = line;
    this.column = column;
  }
}

/**
 * Parses hostile JSON. Limits are checked before anything is built, without recursion. A number that would
 * not print again as it was written comes back as `RawNumber`; all others are plain numbers.
 *
 * A key `__proto__` becomes an own property like any other and changes no prototype. Callers that copy keys
 * into an object of theirs must use spread, `Object.fromEntries` or a Map, never `target[key] = value`.
 * Throws `JsonError`.
 */
export function parseJson(text: string, limits: JsonLimits = defaultJsonLimits): JsonValue {
  const exact = survey(text, limits);
  try {
    return exact ? JSON.parse(text) : JSON.parse(text, keepNumber);
  } catch {
    const { offset, reason } = locateProblem(text);
    throw new JsonError('syntax', reason, text, offset);
  }
}

/** The JSON text of `value`, raw numbers as they were written. Throws `TypeError` where there is none (undefined, functions, cycles). */
export function stringifyJson(value: unknown, indent?: number): string {
  const text: string | undefined = JSON.stringify(value, undefined, indent);
  if (text === undefined) throw new TypeError('a value without a JSON form');
  return text;
}

/** As Go's encoder prints JSON: `<`, `>`, `&` and the two Unicode line separators escaped, so it is safe inside HTML. */
export function stringifyJsonForHtml(value: unknown, indent?: number): string {
  return stringifyJson(value, indent).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** True only for what `parseJson` or `JSON.rawJSON` made; an object with a key `rawJSON` is not one. */
export function isRawNumber(value: unknown): value is RawNumber {
  return JSON.isRawJSON(value);
}

/** The number that a plain or raw number stands for, perhaps rounded; undefined when it is neither or not finite. */
export function numberOf(value: unknown): number | undefined {
  const number = isRawNumber(value) ? Number(value.rawJSON) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function keepNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return String(value) === context.source ? value : JSON.rawJSON(context.source);
}

const quote = 0x22;
const backslash = 0x5c;

/**
 * One pass over the text, before it is parsed: enforces the limits and answers whether every number survives
 * a plain parse. Right for every valid text; what it says of an invalid one does not matter, as parsing fails.
 */
function survey(text: string, limits: JsonLimits): boolean {
  const { maxDepth, maxStringLength = Infinity, maxValues = Infinity } = limits;
  let depth = 0;
  let values = 1;
  let exact = true;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(text, at);
      if (end - at - 1 > maxStringLength) throw new JsonError('too-large', 'a string is too long', text, at);
      at = end;
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) throw new JsonError('too-deep', 'nested too deeply', text, at);
      if (++values > maxValues) throw new JsonError('too-large', 'too many values', text, at);
    } else if (code === 0x7d || code === 0x5d) {
      depth--;
    } else if (code === 0x2c) {
      if (++values > maxValues) throw new JsonError('too-large', 'too many values', text, at);
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = endOfNumber(text, at);
      exact &&= survives(text, at, end);
      at = end - 1;
    }
  }
  return exact;
}

/** The index of the closing quote of the string that opens at `start`, or of the end of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === backslash) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const digit = code >= 0x30 && code <= 0x39;
    if (!digit && code !== 0x2e && code !== 0x2d && code !== 0x2b && code !== 0x65 && code !== 0x45) break;
  }
  return at;
}

function survives(text: string, start: number, end: number): boolean {
  const number = text.slice(start, end);
  if (number.length > 32) return false;
  return String(Number(number)) === number;
}

function positionAt(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}
