import { isRawNumber } from '../../formats/json/index.ts';
import { compare } from './go-text.ts';

/** YAML as Vault prints it: keys sorted, lists not indented, a string quoted when it would read as something else. */
export function renderYaml(value: unknown): string {
  return `${block(value, 0).replace(/^\n/, '')}\n`;
}

function block(value: unknown, depth: number): string {
  if (Array.isArray(value) && value.length > 0) return `\n${listLines(value, depth).join('\n')}`;
  if (isMap(value) && Object.keys(value).length > 0) return `\n${mapLines(value, depth).join('\n')}`;
  return ` ${scalar(value, depth)}`.replace(/^ /, depth === 0 ? '' : ' ');
}

function listLines(values: readonly unknown[], depth: number): string[] {
  const indent = '  '.repeat(depth);
  return values.map((value) => {
    if (isMap(value) && Object.keys(value).length > 0)
      return `${indent}- ${mapLines(value, depth + 1)
        .join('\n')
        .trimStart()}`;
    if (Array.isArray(value) && value.length > 0)
      return `${indent}- ${listLines(value, depth + 1)
        .join('\n')
        .trimStart()}`;
    return `${indent}- ${scalar(value, depth + 1)}`;
  });
}

function mapLines(map: Readonly<Record<string, unknown>>, depth: number): string[] {
  const indent = '  '.repeat(depth);
  return Object.entries(map)
    .sort(([a], [b]) => compare(a, b))
    .map(([key, value]) => {
      const name = `${indent}${keyText(key)}:`;
      if (Array.isArray(value) && value.length > 0) return `${name}\n${listLines(value, depth).join('\n')}`;
      if (isMap(value) && Object.keys(value).length > 0)
        return `${name}\n${mapLines(value, depth + 1).join('\n')}`;
      return `${name} ${scalar(value, depth + 1)}`;
    });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

function scalar(value: unknown, depth: number): string {
  if (value === null || value === undefined) return 'null';
  if (isRawNumber(value)) return value.rawJSON;
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object') return '{}';
  if (typeof value !== 'string') return String(value);
  return multiLine(value, depth) ?? (isPlain(value) ? value : quoted(value));
}

/** A literal block (`|`), where the string can stand in one unchanged. */
function multiLine(text: string, depth: number): string | undefined {
  const body = text.replace(/\n+$/, '');
  if (!body.includes('\n') || /^[ \n]/.test(text) || hasSpecial(text.replaceAll('\n', ''))) return undefined;
  const newlines = text.length - body.length;
  const chomping = newlines === 0 ? '-' : newlines === 1 ? '' : '+';
  const indent = '  '.repeat(Math.max(1, depth));
  const lines = `${body}${'\n'.repeat(Math.max(0, newlines - 1))}`.split('\n');
  return `|${chomping}\n${lines.map((line) => (line === '' ? '' : indent + line)).join('\n')}`;
}

function keyText(key: string): string {
  return isPlain(key) ? key : quoted(key);
}

/** What YAML 1.1 readers take for a boolean, null, number or time. */
const readsAsOther = [
  /^(?:~|null|true|false|yes|no|on|off|y|n)$/i,
  /^[-+]?(?:0[xX][0-9a-fA-F_]+|0[bo][0-7_]+|[0-9][0-9_]*)$/,
  /^[-+]?(?:[0-9][0-9_]*)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?$/,
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/,
  /^[-+]?\.(?:inf|nan)$/i,
  /^\d{4}-\d\d?-\d\d?/,
  /^(?:<<|=)$/,
];

function isPlain(text: string): boolean {
  return !needsDoubleQuotes(text) && !needsSingleQuotes(text);
}

function needsDoubleQuotes(text: string): boolean {
  return text === '' || hasSpecial(text) || readsAsOther.some((pattern) => pattern.test(text));
}

function needsSingleQuotes(text: string): boolean {
  return (
    /^[\s,[\]{}#&*!|>'"%@`]/.test(text) ||
    /^[-?:](?:\s|$)/.test(text) ||
    /^(?:---|\.\.\.)/.test(text) ||
    /\s$/.test(text) ||
    /: /.test(text) ||
    / #/.test(text) ||
    /:$/.test(text)
  );
}

function hasSpecial(text: string): boolean {
  return /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]/.test(
    text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''),
  );
}

function quoted(text: string): string {
  if (!needsDoubleQuotes(text)) return `'${text.replaceAll("'", "''")}'`;
  const escaped = JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return escaped;
}
