/** Stands for anything at all: the rest of a long list, or what is not compared. */
export const anything = '…';

const longestList = 6;
const longestObject = 24;
const longestText = 160;

/** What is in every answer and is empty in most. Left out where it is. */
const envelope = new Set([
  'request_id',
  'lease_id',
  'renewable',
  'lease_duration',
  'data',
  'wrap_info',
  'warnings',
  'auth',
  'mount_type',
]);

const patterns: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>'],
  [/\b(hv[sbr])\.[A-Za-z0-9_.-]{20,}/g, '$1.<token>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, '<time>'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<jwt>'],
  [/http:\/\/127\.0\.0\.1:\d+/g, 'https://coffer.example.com'],
  [/127\.0\.0\.1:\d+/g, 'coffer.example.com'],
  [/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----\n?/g, '<$1>'],
];

type Json = unknown;

export interface MaskOptions {
  /** Texts that stand for what was kept or given: the server's folder, keys and tokens. */
  readonly known: ReadonlyMap<string, string>;
  /** Paths (`data.keys`) of what is not compared. */
  readonly loose: readonly string[];
}

/** An answer as it is shown and compared: without empty parts of the envelope, long lists cut, and what varies by a placeholder. */
export function maskAnswer(answer: Json, options: MaskOptions): Json {
  return masked(withoutEnvelope(answer), options, []);
}

function withoutEnvelope(answer: Json): Json {
  if (!isObject(answer) || !('request_id' in answer)) return answer;
  const data = isObject(answer['data']) ? answer['data'] : {};
  return Object.fromEntries(
    Object.entries(answer).filter(([key, value]) => {
      if (envelope.has(key))
        return (
          key !== 'request_id' &&
          key !== 'mount_type' &&
          !isEmpty(value) &&
          !(key === 'data' && isEmptyObject(value))
        );
      return !(key in data && JSON.stringify(data[key]) === JSON.stringify(value));
    }),
  );
}

const isEmptyObject = (value: Json) => isObject(value) && Object.keys(value).length === 0;
const isEmpty = (value: Json) => value === null || value === '' || value === false || value === 0;

function masked(value: Json, options: MaskOptions, at: readonly string[]): Json {
  if (options.loose.includes(at.join('.'))) return anything;
  if (typeof value === 'string') return maskedText(value, options);
  if (Array.isArray(value)) {
    const kept = value.length > longestList ? value.slice(0, 3) : value;
    const items = kept.map((item) => masked(item, options, at));
    return value.length > longestList ? [...items, anything] : items;
  }
  if (typeof value === 'number') return isMoment(value) ? '<number>' : value;
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const kept = entries.length > longestObject ? entries.slice(0, 6) : entries;
  const made = kept.map(([key, item]) => [maskedText(key, options), masked(item, options, [...at, key])]);
  return Object.fromEntries(entries.length > longestObject ? [...made, [anything, anything]] : made);
}

/** Seconds since the epoch, between 2020 and 2096. */
const isMoment = (value: number) => value > 1_577_836_800 && value < 4_000_000_000;

function maskedText(text: string, { known }: MaskOptions): string {
  let result = text;
  for (const [value, name] of known) if (value.length > 5) result = result.replaceAll(value, `<${name}>`);
  for (const [pattern, placeholder] of patterns) result = result.replace(pattern, placeholder);
  return result.length > longestText ? `${result.slice(0, 60)}${anything}` : result;
}

/** What two runs answered differently becomes a placeholder of its type. */
export function maskDifferences(one: Json, other: Json): Json {
  if (Array.isArray(one) && Array.isArray(other)) {
    if (one.length !== other.length) return [anything];
    return one.map((item, index) => maskDifferences(item, other[index]));
  }
  if (isObject(one) && isObject(other)) {
    const same = Object.entries(one).filter(([key]) => key in other);
    const made = same.map(([key, value]) => [key, maskDifferences(value, other[key])]);
    const isWhole = same.length === Object.keys(one).length && same.length === Object.keys(other).length;
    return Object.fromEntries(isWhole ? made : [...made, [anything, anything]]);
  }
  if (JSON.stringify(one) === JSON.stringify(other)) return one;
  return typeof one === typeof other ? `<${typeof one}>` : anything;
}

/** Where an answer is not what was recorded; lifetimes may have run for a while. */
export function differences(recorded: Json, answer: Json, at = ''): string[] {
  if (recorded === anything || recorded === `<${typeof answer}>`) return [];
  const here = at === '' ? 'the answer' : at;
  if (Array.isArray(recorded)) {
    if (!Array.isArray(answer)) return [`${here} is no list`];
    const isCut = recorded.at(-1) === anything;
    const wanted = isCut ? recorded.slice(0, -1) : recorded;
    if (isCut ? answer.length < wanted.length : answer.length !== wanted.length)
      return [`${here} has ${answer.length} items, had ${wanted.length}`];
    return wanted.flatMap((item, index) => differences(item, answer[index], `${at}[${index}]`));
  }
  if (isObject(recorded)) {
    if (!isObject(answer)) return [`${here} is no object`];
    const more = Object.keys(answer).filter((key) => !(key in recorded));
    const extra = recorded[anything] === undefined ? more.map((key) => `${at}.${key} is new`) : [];
    const inner = Object.entries(recorded)
      .filter(([key]) => key !== anything)
      .flatMap(([key, value]) => differences(value, answer[key], at === '' ? key : `${at}.${key}`));
    return [...inner, ...extra];
  }
  if (isLifetime(at) && typeof recorded === 'number' && typeof answer === 'number')
    return Math.abs(recorded - answer) <= 300 ? [] : [`${here} is ${answer}, was ${recorded}`];
  return recorded === answer ? [] : [`${here} is ${JSON.stringify(answer)}, was ${JSON.stringify(recorded)}`];
}

const isLifetime = (at: string) => /(?:ttl|duration|expires_in)$/.test(at);

function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON on few lines: what fits on one stands on one. */
export function compactJson(value: Json, indent = ''): string {
  const line = inline(value);
  if (line.length + indent.length <= 100 || typeof value !== 'object' || value === null) return line;
  const deeper = `${indent}  `;
  if (Array.isArray(value))
    return `[\n${value.map((item) => deeper + compactJson(item, deeper)).join(',\n')}\n${indent}]`;
  const items = Object.entries(value).map(
    ([key, item]) => `${deeper}${JSON.stringify(key)}: ${compactJson(item, deeper)}`,
  );
  return `{\n${items.join(',\n')}\n${indent}}`;
}

function inline(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const items = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${inline(item)}`);
  return items.length === 0 ? '{}' : `{ ${items.join(', ')} }`;
}
