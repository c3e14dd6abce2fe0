import { printField, printSuccess, printValue } from '../../output/print.ts';
import { renderTableWithHeader } from '../../output/table.ts';
import type { Run } from '../../run.ts';

type Answer = Readonly<Record<string, unknown>>;

/** -json is -format=json. */
export function asRun(run: Run): Run {
  return run.flags.on('json') ? { ...run, format: 'json' } : run;
}

/** What a change made, in one sentence, or all of it under JSON and YAML. */
export async function printChange(run: Run, answer: Answer, sentence: string): Promise<number> {
  return run.format === 'table' ? printSuccess(run, sentence) : printValue(run, answer);
}

/** The value alone, for scripts and people alike; everything about it under JSON and YAML. */
export async function printSecretValue(run: Run, answer: Answer): Promise<number> {
  const field = run.field();
  if (field !== undefined) return printField(run, field, fieldOf(answer, field));
  if (run.format !== 'table') return printValue(run, answer);
  const value = answer['value'];
  run.terminal.out(`${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}\n`);
  return 0;
}

function fieldOf(answer: Answer, field: string): unknown {
  const { value } = answer;
  const inside = typeof value === 'object' && value !== null ? (value as Answer)[field] : undefined;
  return inside ?? answer[field];
}

export async function printRows(
  run: Run,
  answer: unknown,
  header: readonly string[],
  rows: readonly (readonly string[])[],
  nothing: string,
): Promise<number> {
  if (run.format !== 'table') return printValue(run, answer);
  if (rows.length === 0) run.terminal.err(`${nothing}\n`);
  else run.terminal.out(renderTableWithHeader(header, rows));
  return 0;
}

/** `2026-12-23T11:18:51.912Z` without what nobody reads. */
export function shortTime(time: unknown): string {
  return typeof time === 'string' && time !== '' ? time.replace(/(?:\.\d+)?Z$/, 'Z') : '-';
}
