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
        ? `%!${verb}(${goText(args[next - 1])})`
        : padded(shown, flags ?? '', Number(width || 0));
    },
  );
  if (next >= args.length) return text;
  return `${text}%!(EXTRA ${args
    .slice(next)
    .map((arg) => `${typeof arg}=${goText(arg)}`)
    .join(', ')})`;
}

function formatOne(verb: string, value: unknown, precision: number | undefined): string | undefined {
  switch (verb) {
    case 'v':
      return goText(value);
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

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : [...text].slice(0, precision).join('');
}

const mostWidth = 10_000;

function padded(text: string, flags: string, width: number): string {
  const wide = Math.min(width, mostWidth);
  if (flags.includes('-')) return text.padEnd(wide);
  return text.padStart(wide, flags.includes('0') ? '0' : ' ');
}

/** A value as Go prints it with `%v`. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${goText(item)}`).join(' ')}]`;
  }
  return String(value);
}
