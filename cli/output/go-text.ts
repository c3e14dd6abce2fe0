import { isRawNumber } from '../../formats/json/index.ts';

/** A value as Go's `%v` prints it, which is what Vault's tables hold: `<nil>`, `[a b]`, `map[a:1 b:2]`. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (isRawNumber(value)) return value.rawJSON;
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => compare(a, b));
    return `map[${entries.map(([key, one]) => `${key}:${goText(one)}`).join(' ')}]`;
  }
  return String(value);
}

/** A list of names as Go's `%q` prints it: `["default" "root"]`; nil is an empty list. */
export function goQuotedList(values: readonly string[] | null): string {
  return `[${(values ?? []).map((value) => JSON.stringify(value)).join(' ')}]`;
}

/** Order of code points, as Go sorts; JavaScript's own order differs beyond the basic plane. */
export function compare(a: string, b: string): number {
  if (a === b) return 0;
  const left = [...a];
  const right = [...b];
  for (let at = 0; at < left.length && at < right.length; at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
