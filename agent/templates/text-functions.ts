import { goText, isTrue, type TemplateFunctions } from '../../formats/go-template/index.ts';

const text = (value: unknown): string => (value === null || value === undefined ? '' : goText(value));
const list = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  throw new Error('a list is needed');
};
const count = (value: unknown): number => {
  const number = Number(text(value));
  if (!Number.isInteger(number) || number < 0 || number > 10_000) throw new Error('a small number is needed');
  return number;
};
const indented = (spaces: unknown, value: unknown): string =>
  text(value)
    .split('\n')
    .map((line) => ' '.repeat(count(spaces)) + line)
    .join('\n');
const title = (value: string): string => value.replaceAll(/(^|\s)(\p{Ll})/gu, (all) => all.toUpperCase());
const escaped = (signs: string): string => signs.replaceAll(/[\\\]^-]/g, '\\$&');

/** consul-template's functions on text, and Sprig's under their own names and with `sprig_` before them. */
export const textFunctions: TemplateFunctions = {
  toLower: (value) => text(value).toLowerCase(),
  toUpper: (value) => text(value).toUpperCase(),
  toTitle: (value) => title(text(value)),
  trimSpace: (value) => text(value).trim(),
  trim: (signs: unknown, value?: unknown) =>
    value === undefined
      ? text(signs).trim()
      : text(value).replaceAll(
          new RegExp(`^[${escaped(text(signs))}]+|[${escaped(text(signs))}]+$`, 'gu'),
          '',
        ),
  trimPrefix: (start, value) =>
    text(value).startsWith(text(start)) ? text(value).slice(text(start).length) : text(value),
  trimSuffix: (end, value) =>
    text(end) !== '' && text(value).endsWith(text(end))
      ? text(value).slice(0, -text(end).length)
      : text(value),
  split: (separator, value) => (text(value) === '' ? [] : text(value).split(text(separator))),
  join: (separator, values) => list(values).map(text).join(text(separator)),
  contains: (item, values) =>
    typeof values === 'string' ? values.includes(text(item)) : list(values).includes(item),
  in: (values, item) =>
    typeof values === 'string' ? values.includes(text(item)) : list(values).includes(item),
  replaceAll: (find, by, value) => text(value).replaceAll(text(find), () => text(by)),
  regexMatch: (pattern, value) => pattern_(pattern, '').test(text(value)),
  regexReplaceAll: (pattern, by, value) =>
    text(value).replaceAll(
      pattern_(pattern, 'g'),
      text(by).replaceAll(/\$\{(\w+)\}/g, (_all, name: string) => `$${name}`),
    ),
  indent: (spaces, value) => indented(spaces, value),
  nindent: (spaces, value) => `\n${indented(spaces, value)}`,
  parseBool: (value) => {
    if (/^(1|t|T|true|TRUE|True)$/.test(text(value))) return true;
    if (/^(0|f|F|false|FALSE|False|)$/.test(text(value))) return false;
    throw new Error('not a boolean');
  },
  parseInt: (value) => number(value, /^-?\d+$/),
  parseUint: (value) => number(value, /^\d+$/),
  parseFloat: (value) => number(value, /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/),
  add: (by, value) => figure(value) + figure(by),
  subtract: (by, value) => figure(value) - figure(by),
  multiply: (by, value) => figure(value) * figure(by),
  divide: (by, value) => {
    if (figure(by) === 0) throw new Error('division by zero');
    return Math.trunc(figure(value) / figure(by));
  },
};

/** Sprig's, as far as text needs them. */
export const sprigFunctions: TemplateFunctions = {
  default: (fallback, value) => (isTrue(value) ? value : fallback),
  coalesce: (...values) => values.find(isTrue),
  empty: (value) => !isTrue(value),
  ternary: (yes, no, condition) => (isTrue(condition) ? yes : no),
  required: (message: unknown, value?: unknown) => {
    if (value === undefined || value === null || value === '') throw new Error(text(message));
    return value;
  },
  quote: (...values) => values.map((value) => JSON.stringify(text(value))).join(' '),
  squote: (...values) => values.map((value) => `'${text(value)}'`).join(' '),
  upper: (value) => text(value).toUpperCase(),
  lower: (value) => text(value).toLowerCase(),
  title: (value) => title(text(value)),
  replace: (find, by, value) => text(value).replaceAll(text(find), () => text(by)),
  repeat: (times, value) => text(value).repeat(count(times)),
  trunc: (length, value) => [...text(value)].slice(0, count(length)).join(''),
  hasPrefix: (start, value) => text(value).startsWith(text(start)),
  hasSuffix: (end, value) => text(value).endsWith(text(end)),
  b64enc: (value) => Buffer.from(text(value)).toString('base64'),
  b64dec: (value) => Buffer.from(text(value), 'base64').toString('utf8'),
  toString: (value: unknown) => text(value),
  list: (...values) => values,
  dict: (...pairs) =>
    Object.fromEntries(
      pairs.flatMap((key, index) => (index % 2 === 0 ? [[text(key), pairs[index + 1]]] : [])),
    ),
  keys: (map) => Object.keys(mapOf(map)).sort(),
  hasKey: (map, key) => Object.hasOwn(mapOf(map), text(key)),
  get: (map, key) => Object.getOwnPropertyDescriptor(mapOf(map), text(key))?.value ?? '',
  first: (values) => list(values)[0],
  last: (values) => list(values).at(-1),
  splitList: (separator, value) => text(value).split(text(separator)),
};

function mapOf(value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Error('a map is needed');
}

function pattern_(pattern: unknown, flags: string): RegExp {
  try {
    return new RegExp(text(pattern), `u${flags}`);
  } catch {
    throw new Error('the pattern is no regular expression');
  }
}

function number(value: unknown, form: RegExp): number {
  if (!form.test(text(value))) throw new Error('not a number of that form');
  return Number(text(value));
}

function figure(value: unknown): number {
  return number(value, /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/);
}
