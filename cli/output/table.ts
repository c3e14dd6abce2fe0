import { formatShortDuration } from '../../formats/duration/index.ts';
import { numberOf } from '../../formats/json/index.ts';
import { compare, goText } from './go-text.ts';

const gap = '    ';

/** Columns aligned to the left with four spaces between, empty cells as `n/a`, no spaces at the end of a line. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => (cell === '' ? 'n/a' : cell)));
  const widths: number[] = [];
  for (const row of cells)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell));
    });
  return cells
    .map((row) => {
      const line = row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
        .join(gap);
      return `${line.trimEnd()}\n`;
    })
    .join('');
}

/** A table under a header, with dashes as long as each title. */
export function renderTableWithHeader(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return renderTable([header, header.map((title) => '-'.repeat(title.length)), ...rows]);
}

export function renderKeyValues(rows: readonly (readonly [string, string])[]): string {
  return renderTableWithHeader(['Key', 'Value'], rows);
}

/** A map's rows in the order of its keys; numbers under a key that names a span of time are shown as one. */
export function mapRows(data: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(data)
    .sort(([a], [b]) => compare(a, b))
    .map(([key, value]) => [key, isSpan(key) ? spanText(value) : goText(value)]);
}

export function renderMap(data: Readonly<Record<string, unknown>>): string {
  return renderKeyValues(mapRows(data));
}

/** `==== Data ====`, centred over a table of these keys. */
export function headingForMap(title: string, data: Readonly<Record<string, unknown>>): string {
  const longest = Math.max(0, ...Object.keys(data).map((key) => width(key)));
  return heading(title, longest + gap.length + 'Value'.length);
}

/** A title within `=` so that the whole is about as wide as `target`. */
export function heading(title: string, target: number): string {
  let signs = target - (title.length + 2);
  if (signs <= 0) signs = 4;
  if (signs % 2 === 1) signs++;
  const side = '='.repeat(signs / 2);
  return `${side} ${title} ${side}\n`;
}

function isSpan(key: string): boolean {
  return /(^|_)(period|ttl|duration)$/.test(key) || key === 'lease_max' || key === 'ttl_max';
}

function spanText(value: unknown): string {
  const seconds = numberOf(value);
  return seconds === undefined ? goText(value) : formatShortDuration(seconds);
}

/** Code points, as Go's table does; wide characters are not told apart. */
function width(text: string): number {
  return isAscii.test(text) ? text.length : [...text].length;
}

const isAscii = /^[\x00-\x7f]*$/;
