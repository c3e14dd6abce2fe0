import fs from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseDurationSeconds } from '../../../formats/duration/index.ts';
import { stringifyJson } from '../../../formats/json/index.ts';
import { Failure, reasonOf } from '../../failure.ts';
import type { Run } from '../../run.ts';
import { Capture, type Target, targets } from './capture.ts';
import { tarArchive } from './tar-archive.ts';

interface Plan {
  readonly durationSeconds: number;
  readonly intervalSeconds: number;
  readonly metricsSeconds: number;
  readonly wanted: readonly Target[];
  readonly compress: boolean;
  /** With `.tar.gz` when compressed. */
  readonly output: string;
  /** The folder, in the archive too. */
  readonly name: string;
}

export async function debug(run: Run): Promise<number> {
  const started = new Date();
  const plan = planOf(run, started);
  if (fs.existsSync(plan.output))
    throw new Failure(1, `${plan.output} is there already`, 'Choose another -output.');
  const clients = await run.clients();
  const capture = new Capture(clients);
  run.terminal.out(
    `Looking at ${clients.client.address} for ${plan.durationSeconds} s: ${plan.wanted.join(', ')}\n`,
  );
  await observe(capture, plan, run.flags.text('log-format') ?? 'standard');
  const files = capture.files();
  const index = {
    version: 1,
    address: clients.client.address,
    timestamp_start: started.toISOString(),
    timestamp_end: new Date().toISOString(),
    duration_seconds: plan.durationSeconds,
    interval_seconds: plan.intervalSeconds,
    metrics_interval_seconds: plan.metricsSeconds,
    compress: plan.compress,
    targets: plan.wanted,
    files: files.map(({ name }) => name),
    errors: capture.problems,
  };
  const all = [{ name: 'index.json', content: `${stringifyJson(index)}\n` }, ...files].map((file) => ({
    ...file,
    content: withoutTokens(file.content, clients.token),
  }));
  write(plan, all);
  const notes = capture.problems.map(
    ({ target, error }) => `${target}: ${error.trim().split('\n').at(-1)?.trim() ?? ''}\n`,
  );
  for (const note of new Set(notes)) run.terminal.err(run.paint('warning', note));
  run.terminal.out(`Success! Bundle written to: ${plan.output}\n`);
  return 0;
}

function planOf(run: Run, started: Date): Plan {
  const seconds = (flag: string, unset: number): number => {
    const given = run.flags.text(flag);
    const value = given === undefined ? unset : parseDurationSeconds(given);
    if (value >= 1) return value;
    throw new Failure(1, `-${flag} is too short`, 'One second is the least.');
  };
  const asked = run.flags.list('target') ?? targets;
  const wanted = targets.filter((target) => asked.includes(target));
  const unknown = asked.find((name) => !wanted.some((target) => target === name));
  if (unknown !== undefined)
    throw new Failure(1, `There is no target ${unknown}`, `Targets are ${targets.join(', ')}.`);
  const compress = run.flags.boolean('compress') ?? true;
  const stamp = started.toISOString().slice(0, 19).replaceAll(':', '-');
  const given = (run.flags.text('output') ?? `coffer-debug-${stamp}Z`).replace(/\.tar\.gz$|\/+$/, '');
  const durationSeconds = seconds('duration', 120);
  return {
    durationSeconds,
    intervalSeconds: Math.min(seconds('interval', 30), durationSeconds),
    metricsSeconds: Math.min(seconds('metrics-interval', 10), durationSeconds),
    wanted,
    compress,
    output: compress ? `${given}.tar.gz` : given,
    name: basename(given),
  };
}

/** Until the time is over or somebody interrupts. */
async function observe(capture: Capture, plan: Plan, logFormat: string): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once('SIGINT', end);
  const timer = setTimeout(end, plan.durationSeconds * 1000);
  const others = plan.wanted.filter((target) => target !== 'metrics');
  const metrics = plan.wanted.filter((target) => target === 'metrics');
  try {
    await Promise.all([
      repeat(() => capture.look(others), plan.intervalSeconds, ending.signal),
      repeat(() => capture.look(metrics), plan.metricsSeconds, ending.signal),
      ...(plan.wanted.includes('log') ? [capture.followLog(logFormat, ending.signal)] : []),
    ]);
  } finally {
    clearTimeout(timer);
    process.removeListener('SIGINT', end);
  }
}

/** Once at least. */
async function repeat(work: () => Promise<void>, seconds: number, signal: AbortSignal): Promise<void> {
  do {
    await work();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      const stop = (): void => {
        clearTimeout(timer);
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  } while (!signal.aborted);
}

/** Behind the rule that the server shows none: this client's own, and whatever looks like one. */
function withoutTokens(text: string, token: string): string {
  const without = token === '' ? text : text.replaceAll(token, '<token>');
  return without.replaceAll(/\b(?:hv[sbr]|[sbr])\.[A-Za-z0-9_-]{20,}/g, '<token>');
}

function write(plan: Plan, files: readonly { readonly name: string; readonly content: string }[]): void {
  try {
    if (plan.compress) {
      const inside = files.map(({ name, content }) => ({ name: `${plan.name}/${name}`, content }));
      fs.writeFileSync(plan.output, gzipSync(tarArchive(inside, Date.now())), { mode: 0o600, flag: 'wx' });
      return;
    }
    fs.mkdirSync(plan.output, { mode: 0o700 });
    for (const { name, content } of files)
      fs.writeFileSync(join(plan.output, name), content, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new Failure(1, `${plan.output} cannot be written: ${reasonOf(error)}`);
  }
}
