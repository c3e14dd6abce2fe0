import fs from 'node:fs';
import { goText, type TemplateFunctions } from '../../formats/go-template/index.ts';
import { parseJson, stringifyJson } from '../../formats/json/index.ts';
import { toYaml } from './to-yaml.ts';

/** consul-template's functions on data, files, time and the environment. Nothing here reaches the network. */
export function dataFunctions(environment: Readonly<Record<string, string | undefined>>): TemplateFunctions {
  return {
    env: (name) => environment[goText(name)] ?? '',
    envOrDefault: (name, fallback) => environment[goText(name)] ?? fallback,
    mustEnv: (name) => {
      const value = environment[goText(name)];
      if (value === undefined) throw new Error(`the variable ${goText(name)} is not set`);
      return value;
    },
    file: (path) => {
      try {
        return fs.readFileSync(goText(path), 'utf8');
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
        throw new Error(`cannot read ${goText(path)}: ${code}`);
      }
    },
    timestamp: (layout) => timestamp(layout, new Date()),
    base64Encode: (value) => Buffer.from(goText(value)).toString('base64'),
    base64Decode: (value) => Buffer.from(goText(value), 'base64').toString('utf8'),
    base64URLEncode: (value) => Buffer.from(goText(value)).toString('base64url'),
    base64URLDecode: (value) => Buffer.from(goText(value), 'base64url').toString('utf8'),
    toJSON: (value) => stringifyJson(sorted(value)) ?? 'null',
    toJSONPretty: (value) => stringifyJson(sorted(value), 2) ?? 'null',
    toUnescapedJSON: (value) => stringifyJson(sorted(value)) ?? 'null',
    toUnescapedJSONPretty: (value) => stringifyJson(sorted(value), 2) ?? 'null',
    parseJSON: (value) => {
      if (goText(value) === '') return {};
      try {
        return parseJson(goText(value));
      } catch {
        throw new Error('the text is no JSON');
      }
    },
    toYAML: (value) => toYaml(sorted(value)),
    explode: (value) => value,
  };
}

/** With keys in order, as Go writes maps. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

/** Now, in UTC; the layout is Go's reference time, as far as numbers and names of months and days go. */
function timestamp(layout: unknown, now: Date): string {
  if (layout === undefined) return now.toISOString().replace(/\.\d+Z$/, 'Z');
  const name = goText(layout);
  if (name === 'unix') return String(Math.floor(now.getTime() / 1000));
  const iso = now.toISOString();
  const words = now.toUTCString();
  const parts: Readonly<Record<string, string>> = {
    '2006': iso.slice(0, 4),
    '01': iso.slice(5, 7),
    '02': iso.slice(8, 10),
    '15': iso.slice(11, 13),
    '04': iso.slice(14, 16),
    '05': iso.slice(17, 19),
    Jan: words.slice(8, 11),
    Mon: words.slice(0, 3),
    'Z07:00': 'Z',
    '-0700': '+0000',
    MST: 'UTC',
  };
  return name.replaceAll(/2006|Z07:00|-0700|MST|Jan|Mon|01|02|15|04|05/g, (part) => parts[part] ?? part);
}
