import { Failure } from '../../failure.ts';
import { importPeers } from '../../import/connections.ts';
import { surveySource } from '../../import/import-vault.ts';
import { Lanes } from '../../import/lanes.ts';
import { OneTimePasswords } from '../../import/one-time-passwords.ts';
import type { Intention } from '../../import/outcome.ts';
import { PathFilter } from '../../import/path-filter.ts';
import { Progress } from '../../import/progress.ts';
import { failuresIn, type Report, renderReport, Tally } from '../../import/report.ts';
import { openReport } from '../../import/report-file.ts';
import { intend, type OnConflict, runStages } from '../../import/run-stages.ts';
import { printValue } from '../../output/print.ts';
import { renderTableWithHeader } from '../../output/table.ts';
import type { Run } from '../../run.ts';

/** On a terminal a longer list would push the counts out of sight. */
const mostExceptions = 100;

export async function importVault(run: Run): Promise<number> {
  const onConflict = readOnConflict(run);
  const concurrency = readNumber(run, 'concurrency', 8, 1, 64);
  const retries = readNumber(run, 'max-retries', 8, 0, 20);
  const isDry = run.flags.on('dry-run');
  const reportFile = openReport(isDry ? undefined : run.flags.text('report'));
  const started = new Date().toISOString();
  const peers = await importPeers(run, retries);
  const passwords = new OneTimePasswords(
    run.flags.text('passwords') ?? 'import-passwords.jsonl',
    run.flags.text('password-ttl') ?? '72h',
  );
  const progress = new Progress(run.terminal, Date.now);
  try {
    const survey = await surveySource({
      ...peers,
      passwords,
      filter: new PathFilter(run.flags.list('include') ?? [], run.flags.list('exclude') ?? []),
      lanes: new Lanes(concurrency),
      blocked: new Map(),
      unseen: [],
    });
    const { stages, leftovers } = survey;
    progress.begin(
      isDry ? 'Comparing' : 'Copying',
      stages.reduce((sum, { steps }) => sum + steps.length, 0),
    );
    if (isDry) {
      const intentions = await intend(stages, { onConflict, concurrency }, () => progress.step());
      progress.end();
      const left = leftovers.map(
        ({ kind, path, reason }): Intention => ({ action: 'cannot', kind, path, note: reason ?? '' }),
      );
      return await printIntentions(run, [...intentions, ...left]);
    }
    const tally = new Tally();
    const complete = await runStages(stages, {
      onConflict,
      concurrency,
      finished(outcome) {
        tally.add(outcome);
        progress.step();
      },
    });
    progress.end();
    for (const outcome of leftovers) tally.add(outcome);
    const finished = new Date().toISOString();
    const addresses = { source: peers.source.address, target: peers.target.address };
    const report = tally.report({ ...addresses, started, finished, complete });
    reportFile.write(report);
    await printReport(run, report, passwords);
    return complete && failuresIn(report) === 0 ? 0 : 2;
  } finally {
    passwords.close();
    peers.close();
  }
}

async function printReport(run: Run, report: Report, passwords: OneTimePasswords): Promise<void> {
  if (run.format === 'table') run.terminal.out(renderReport(report, mostExceptions));
  else await printValue(run, report);
  if (passwords.count > 0)
    run.terminal.err(
      `\nThe wrapping tokens of ${passwords.count} new passwords are in ${passwords.file}. Each opens once: give it to its user (coffer unwrap), then delete the file.\n`,
    );
  const failures = failuresIn(report);
  if (failures > 0)
    run.terminal.err(`\n${failures} failed. Run the command again: what is done is not done twice.\n`);
}

/** Exit code 2 when something would fail or stop the import, as for the import itself. */
async function printIntentions(run: Run, intentions: readonly Intention[]): Promise<number> {
  if (run.format === 'table')
    run.terminal.out(
      renderTableWithHeader(
        ['Action', 'What', 'Path', 'Note'],
        intentions.map(({ action, kind, path, note }) => [action, kind, path, note === '' ? '-' : note]),
      ),
    );
  else await printValue(run, intentions);
  return intentions.some(({ action }) => action === 'fails' || action === 'stop') ? 2 : 0;
}

function readOnConflict(run: Run): OnConflict {
  const given = run.flags.text('on-conflict') ?? 'skip';
  if (given === 'skip' || given === 'overwrite' || given === 'fail') return given;
  throw new Failure(1, `invalid value "${given}" for flag -on-conflict`, 'It is skip, overwrite or fail.');
}

function readNumber(run: Run, name: string, usual: number, least: number, most: number): number {
  const given = run.flags.number(name) ?? usual;
  if (given >= least && given <= most) return given;
  throw new Failure(1, `invalid value "${given}" for flag -${name}: it is a number from ${least} to ${most}`);
}
