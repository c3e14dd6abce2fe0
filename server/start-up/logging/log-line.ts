import type { LogFields, LogLevel } from '../../contracts/logger.ts';

export interface LogEntry {
  readonly timeMs: number;
  readonly level: LogLevel;
  /** Empty for messages of the program itself. */
  readonly name: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** Longer ones are cut, so that a hostile name cannot fill a disk with one line. UTF-16 code units. */
const longestMessage = 2048;
const longestValue = 512;
const mostFields = 32;

const levelLabels: Readonly<Record<LogLevel, string>> = {
  trace: '[TRACE]',
  debug: '[DEBUG]',
  info: '[INFO] ',
  warn: '[WARN] ',
  error: '[ERROR]',
};

/** C0 and C1 controls, line separators and direction marks: what can start a line of its own or rewrite a terminal. */
const hostile = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udfff]/u;
const hostileEverywhere = new RegExp(hostile.source, 'gu');
/** What can be mistaken for the end of a value or for another field. */
const needsQuotes = /[\s"'=\\]|^$/;

/** One line as Vault's standard log has it: `2026-11-23T07:00:00.000Z [INFO]  core: message: key=value`. */
export function standardLogLine(entry: LogEntry): string {
  let line = `${timeText(entry.timeMs)} ${levelLabels[entry.level]} `;
  if (entry.name !== '') line += `${safeText(entry.name, longestValue)}: `;
  line += safeText(entry.message, longestMessage);
  let separator = ':';
  for (const [key, value] of fieldsOf(entry)) {
    line += `${separator} ${safeText(key, longestValue)}=${valueText(value)}`;
    separator = '';
  }
  return `${line}\n`;
}

/** One line of JSON with Vault's keys: `@level`, `@message`, `@module`, `@timestamp`, and the fields beside them. */
export function jsonLogLine(entry: LogEntry): string {
  const line: Record<string, string | number | boolean> = {
    '@level': entry.level,
    '@message': safeText(entry.message, longestMessage),
  };
  if (entry.name !== '') line['@module'] = safeText(entry.name, longestValue);
  line['@timestamp'] = timeText(entry.timeMs);
  for (const [key, value] of fieldsOf(entry)) {
    const name = safeText(key, longestValue);
    line[name.startsWith('@') ? `_${name}` : name] =
      typeof value === 'string' ? safeText(value, longestValue) : value;
  }
  return `${JSON.stringify(line)}\n`;
}

function fieldsOf(entry: LogEntry): [key: string, value: string | number | boolean][] {
  const fields: [string, string | number | boolean][] = [];
  for (const [key, value] of Object.entries(entry.fields ?? {})) {
    if (value === undefined) continue;
    if (fields.length === mostFields) break;
    fields.push([key, value]);
  }
  return fields;
}

function valueText(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  const text = safeText(value, longestValue);
  return needsQuotes.test(text) ? `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : text;
}

function safeText(text: string, longest: number): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
  return hostile.test(cut) ? cut.replace(hostileEverywhere, escaped) : cut;
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A clock that was set to nonsense must not stop the log. */
function timeText(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? `@${timeMs}` : time.toISOString();
}
