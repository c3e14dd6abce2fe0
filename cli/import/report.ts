import { renderTable, renderTableWithHeader } from '../output/table.ts';
import { neverCarried } from './kinds/leftovers.ts';
import type { Outcome, Result } from './outcome.ts';

export const results: readonly Result[] = [
  'carried',
  'overwritten',
  'unchanged',
  'skipped',
  'not-carried',
  'failed',
];

export interface Report {
  readonly source: string;
  readonly target: string;
  readonly started: string;
  readonly finished: string;
  /** False when a conflict stopped it. */
  readonly complete: boolean;
  readonly counts: Readonly<Record<string, Readonly<Record<Result, number>>>>;
  /** Everything that is not at the target exactly as at the source, with the reason. */
  readonly exceptions: readonly Outcome[];
  /** True of every import. */
  readonly never_carried: readonly string[];
}

/** Counts everything and remembers what somebody has to look at. Holds names and reasons, no values. */
export class Tally {
  readonly #counts = new Map<string, Record<Result, number>>();
  readonly #exceptions: Outcome[] = [];

  add(outcome: Outcome): void {
    let counts = this.#counts.get(outcome.kind);
    if (counts === undefined) {
      counts = { carried: 0, overwritten: 0, unchanged: 0, skipped: 0, 'not-carried': 0, failed: 0 };
      this.#counts.set(outcome.kind, counts);
    }
    counts[outcome.result]++;
    const isPlain = outcome.result === 'carried' || outcome.result === 'unchanged';
    if (!isPlain || outcome.notes !== undefined) this.#exceptions.push(outcome);
  }

  report(about: Pick<Report, 'source' | 'target' | 'started' | 'finished' | 'complete'>): Report {
    const exceptions = this.#exceptions.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return { ...about, counts: Object.fromEntries(this.#counts), exceptions, never_carried: neverCarried };
  }
}

export function failuresIn(report: Report): number {
  return Object.values(report.counts).reduce((sum, counts) => sum + counts.failed, 0);
}

/** For people: the counts as a table, then everything to look at. `most` bounds the list. */
export function renderReport(report: Report, most = Number.POSITIVE_INFINITY): string {
  const shown = results.filter((result) => Object.values(report.counts).some((counts) => counts[result] > 0));
  const rows = Object.entries(report.counts).map(([kind, counts]) => [
    kind,
    ...shown.map((result) => String(counts[result])),
  ]);
  const parts = [
    `From ${report.source} to ${report.target}${report.complete ? '' : ': stopped at a conflict'}\n\n`,
    renderTableWithHeader(['What', ...shown.map((result) => result.replace('-', ' '))], rows),
  ];
  if (report.exceptions.length > 0) parts.push('\nTo look at:\n', renderExceptions(report.exceptions, most));
  parts.push('\nNever carried:\n', ...report.never_carried.map((sentence) => `  ${sentence}\n`));
  return parts.join('');
}

function renderExceptions(exceptions: readonly Outcome[], most: number): string {
  const rows = exceptions
    .slice(0, most)
    .map(({ kind, path, result, reason, notes }) => [
      `  ${result.replace('-', ' ')}`,
      kind,
      path,
      [...(reason === undefined ? [] : [reason]), ...(notes ?? [])].join('; '),
    ]);
  const more = exceptions.length - rows.length;
  return renderTable(rows) + (more > 0 ? `  … and ${more} more: see -report\n` : '');
}
