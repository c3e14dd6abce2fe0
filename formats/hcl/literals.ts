import type { HclSource } from './syntax.ts';

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};
const numericEscape = /\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;

/** The text that the quoted string from `start` to `end` (both quotes included) stands for. */
export function unquote(source: HclSource, start: number, end: number): string {
  const { text } = source;
  let from = start + 1;
  let result = '';
  let braces = 0;
  for (let at = from; at < end - 1; at++) {
    const character = text[at];
    if (braces > 0) {
      if (character === '\\') at++;
      else if (character === '{') braces++;
      else if (character === '}') braces--;
    } else if (character === '$' && text[at + 1] === '{') {
      braces = 1;
      at++;
    } else if (character === '\\') {
      const escaped = readEscape(source, at);
      result += text.slice(from, at) + escaped.text;
      from = escaped.end;
      at = escaped.end - 1;
    }
  }
  return result + text.slice(from, end - 1);
}

function readEscape(source: HclSource, at: number): { text: string; end: number } {
  const { text } = source;
  const simple = simpleEscapes[text[at + 1] ?? ''];
  if (simple !== undefined) return { text: simple, end: at + 2 };
  numericEscape.lastIndex = at;
  const match = numericEscape.exec(text);
  const [, octal, byte, short, long] = match ?? [];
  const code =
    octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(byte ?? short ?? long ?? '', 16);
  const highest = octal !== undefined || byte !== undefined ? 0x7f : 0x10ffff;
  if (Number.isNaN(code) || code > highest || (code >= 0xd800 && code <= 0xdfff)) {
    throw source.error(at, 'this escape is not known', 'Write a backslash as \\\\.');
  }
  return { text: String.fromCodePoint(code), end: numericEscape.lastIndex };
}

/**
 * The lines between `<<WORD` and the closing word, the last newline included. `<<-` takes the closing word's
 * indentation away from every line, if every line that is not empty has it.
 */
export function heredocText(source: HclSource, start: number, end: number): string {
  const { text } = source;
  const bodyStart = text.indexOf('\n', start) + 1;
  const closingLine = Math.max(text.lastIndexOf('\n', end - 1) + 1, bodyStart);
  const body = text.slice(bodyStart, closingLine);
  if (text[start + 2] !== '-') return body;
  let indentEnd = closingLine;
  while (text[indentEnd] === ' ' || text[indentEnd] === '\t') indentEnd++;
  const indent = text.slice(closingLine, indentEnd);
  if (indent === '') return body;
  const lines = body.split('\n');
  const isEmpty = (line: string) => line === '' || line === '\r';
  if (!lines.every((line) => isEmpty(line) || line.startsWith(indent))) return body;
  return lines.map((line) => (isEmpty(line) ? line : line.slice(indent.length))).join('\n');
}

/** Decimal, `0x` hexadecimal and `0…` octal, perhaps negative; undefined when it is none or not finite. */
export function numberValue(text: string): number | undefined {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  const octal = /^0\d+$/.test(digits);
  if (octal && !/^[0-7]+$/.test(digits)) return undefined;
  const value = octal ? Number.parseInt(digits, 8) : Number(digits);
  if (!Number.isFinite(value)) return undefined;
  return negative && value !== 0 ? -value : value;
}
