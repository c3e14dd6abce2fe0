import { stringifyJson } from '../../formats/json/index.ts';
import { isObject, type JsonObject } from '../../sdk/secret.ts';
import { sorted } from '../output/print.ts';

/** Whether two JSON values are the same, whatever the order of their keys; numbers as they were written. */
export function isSame(a: unknown, b: unknown): boolean {
  return stringifyJson(sorted(a ?? null)) === stringifyJson(sorted(b ?? null));
}

/** Null, false, 0, "", "0s", an empty list or map: what a server answers for a setting that was not made. */
export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0) return true;
  if (value === '' || value === '0s' || value === '0') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/** The first name under which two records differ; what neither sets, or the second does not know and the first does not set, does not count. */
export function firstDifference(wanted: JsonObject, found: JsonObject): string | undefined {
  return Object.keys(wanted).find((name) => {
    const [a, b] = [wanted[name], found[name]];
    return !(isEmpty(a) && isEmpty(b)) && !isSame(inOrder(a), inOrder(b));
  });
}

/** Lists of names (policies, members, addresses) mean the same in any order. */
function inOrder(value: unknown): unknown {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.toSorted() : value;
}

/** Only these, and of them those that are there. */
export function pick(data: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.filter((name) => data[name] !== undefined && data[name] !== null).map((name) => [name, data[name]]),
  );
}

/** All but these, and nothing that is null. */
export function without(data: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(data).filter(([name, value]) => value !== null && !names.includes(name)),
  );
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function numberIn(data: JsonObject, name: string): number {
  const value = data[name];
  return typeof value === 'number' ? value : 0;
}

export function objectIn(data: JsonObject, name: string): JsonObject {
  const value = data[name];
  return isObject(value) ? value : {};
}

export function textsIn(data: JsonObject, name: string): string[] {
  const value = data[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
