import { isRaw } from './values.ts';

/** Go's `printf` for `%s %v %d %q %x %X %c %t %f %%` with width and `-`, `0`; a wrong argument prints as Go's `%!d(string)`. */
export function goPrintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const text = format.replaceAll(
    /%([-+0 #]*)(\d*)(?:\.(\d+))?(.)|%$/gsu,
    (
      _all,
      flags: string | undefined,
      width: string | undefined,
      precision: string | undefined,
      verb?: string,
    ) => {
      if (verb === undefined) return '%!(NOVERB)';
      if (verb === '%') return '%';
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const shown = formatOne(verb, args[next++], precision === undefined ? undefined : Number(precision));
      return shown === undefined
        ? `%!${verb}(${described(args[next - 1])})`
        : padded(signed(shown, args[next - 1], flags ?? ''), flags ?? '', Number(width || 0));
    },
  );
  if (next >= args.length) return text;
  return `${text}%!(EXTRA ${args.slice(next).map(described).join(', ')})`;
}

function formatOne(verb: string, value: unknown, precision: number | undefined): string | undefined {
  switch (verb) {
    case 'v':
      return goText(value, '<nil>');
    case 's':
      return typeof value === 'number' || typeof value === 'boolean'
        ? undefined
        : cut(goText(value), precision);
    case 'q':
      return typeof value === 'string' ? JSON.stringify(value) : undefined;
    case 'd':
      return Number.isSafeInteger(value) ? String(value) : undefined;
    case 't':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'c':
      return typeof value === 'number' ? String.fromCodePoint(value) : undefined;
    case 'f':
      return typeof value === 'number' ? value.toFixed(precision ?? 6) : undefined;
    case 'e':
      return typeof value === 'number'
        ? value.toExponential(precision ?? 6).replace(/e([-+])(\d)$/, 'e$10$2')
        : undefined;
    case 'g':
      return typeof value === 'number' ? numberText(value) : undefined;
    case 'o':
      return Number.isSafeInteger(value) ? Number(value).toString(8) : undefined;
    case 'b':
      return Number.isSafeInteger(value) ? Number(value).toString(2) : undefined;
    case 'T':
      return typeName(value);
    case 'x':
    case 'X': {
      const text =
        typeof value === 'number' ? value.toString(16) : Buffer.from(goText(value), 'utf8').toString('hex');
      return verb === 'X' ? text.toUpperCase() : text;
    }
    default:
      return undefined;
  }
}

function signed(text: string, value: unknown, flags: string): string {
  return flags.includes('+') && typeof value === 'number' && value >= 0 ? `+${text}` : text;
}

/** With its type, as Go shows an argument that a verb does not fit. */
function described(value: unknown): string {
  return value === null || value === undefined ? '<nil>' : `${typeName(value)}=${goText(value)}`;
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (Array.isArray(value)) return '[]interface {}';
  return isRaw(value) ? 'json.Number' : 'map[string]interface {}';
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : [...text].slice(0, precision).join('');
}

const mostWidth = 10_000;

function padded(text: string, flags: string, width: number): string {
  const wide = Math.min(width, mostWidth);
  if (flags.includes('-')) return text.padEnd(wide);
  return text.padStart(wide, flags.includes('0') ? '0' : ' ');
}

/** A value as Go prints it with `%v`; nothing at all as `nothing`. */
export function goText(value: unknown, nothing = '<no value>'): string {
  if (value === null || value === undefined) return nothing;
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return `[${value.map((item) => goText(item, '<nil>')).join(' ')}]`;
  if (isRaw(value)) return value.rawJSON;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `map[${entries.map(([key, item]) => `${key}:${goText(item, '<nil>')}`).join(' ')}]`;
  }
  return String(value);
}

/** As Go's `print`: a space stands between two of which neither is a string. */
export function spacedText(values: readonly unknown[]): string {
  return values
    .map((value, index) => {
      const text = goText(value, '<nil>');
      const isApart = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string';
      return isApart ? ` ${text}` : text;
    })
    .join('');
}

/** With an exponent of two digits or more, below 0.0001 and from 1e21 on. */
function numberText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-4) return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
