import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { matchLines, parseTranscript, type Step, type Transcript } from './transcript-format.ts';
import { startServer } from './transcript-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface StepOutcome {
  readonly step: Step;
  readonly out: string;
  readonly err: string;
  readonly exitCode: number;
  /** In words; undefined when everything is as expected. */
  readonly difference: string | undefined;
}

/**
 * Runs a transcript's commands one by one in a shell, in a folder of their own, against a server of their own. A
 * placeholder that was remembered is a variable of the commands that follow.
 */
export async function runTranscript(text: string, onStep: (outcome: StepOutcome) => void): Promise<void> {
  const transcript = parseTranscript(text);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-transcript-'));
  try {
    const work = path.join(folder, 'work');
    fs.mkdirSync(work);
    for (const [name, content] of transcript.files) fs.writeFileSync(path.join(work, name), content);
    const server = await startServer(transcript.server, folder);
    try {
      const environment = environmentFor(transcript, server.address, folder);
      for (const step of transcript.steps) onStep(runStep(step, environment, work));
    } finally {
      await server.stop();
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function environmentFor(transcript: Transcript, address: string, folder: string): Record<string, string> {
  return {
    PATH: `${path.join(root, 'bin')}:${path.dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: path.join(folder, 'work'),
    XDG_CACHE_HOME: path.join(os.tmpdir(), `coffer-transcripts-cache-${os.userInfo().uid}`),
    COFFER_ADDR: address,
    ADDR: address,
    ...(transcript.server === 'dev' ? { COFFER_TOKEN: 'root' } : {}),
  };
}

function runStep(step: Step, environment: Record<string, string>, folder: string): StepOutcome {
  const ran = spawnSync('/bin/sh', ['-c', step.command], {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  const address = environment['ADDR'] ?? '';
  const host = address.replace('http://', '');
  const masked = (text: string): string =>
    text.replaceAll(address, 'ADDR').replaceAll(host, 'HOST').replaceAll(folder, 'FOLDER');
  const [out, err] = [masked(ran.stdout), masked(ran.stderr)];
  const exitCode = ran.status ?? -1;
  const difference = compare(step, out, err, exitCode, environment);
  return { step, out, err, exitCode, difference };
}

function compare(
  step: Step,
  out: string,
  err: string,
  exitCode: number,
  environment: Record<string, string>,
): string | undefined {
  const problems: string[] = [];
  const newline = out === '' || out.endsWith('\n');
  const values = matchLines(step.out, out === '' || out.endsWith('\n') ? out : `${out}\n`);
  const errors = matchLines(step.err, err);
  if (values === undefined) problems.push('standard output differs');
  if (errors === undefined) problems.push('standard error differs');
  if (newline !== step.endsWithNewline)
    problems.push(
      newline ? 'standard output ends with a newline' : 'standard output does not end with a newline',
    );
  if (exitCode !== step.exitCode) problems.push(`the exit code is ${exitCode} instead of ${step.exitCode}`);
  for (const [name, value] of [...(values ?? []), ...(errors ?? [])]) environment[name] = value;
  return problems.length === 0 ? undefined : problems.join('; ');
}

/** A step as a transcript writes it, for comparing and for writing new transcripts. */
export function renderStep({ step, out, err, exitCode }: StepOutcome): string {
  const lines = out === '' ? [] : out.replace(/\n$/, '').split('\n');
  return [
    `$ ${step.command}`,
    ...lines.map((line, index) =>
      line === '' && index === lines.length - 1 ? '.' : line.replace(/^[#$%!.]/, '\\$&'),
    ),
    ...(out === '' || out.endsWith('\n') ? [] : ['[no newline at the end]']),
    ...(err === '' ? [] : err.replace(/\n$/, '').split('\n'))
      .slice(0)
      .map((line) => (line === '' ? '!' : `! ${line}`)),
    ...(exitCode === 0 ? [] : [`[exit ${exitCode}]`]),
    '',
  ].join('\n');
}

// `node tests/end-to-end/run-transcript.ts FILE` prints what really came, for whoever writes a transcript.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = fs.readFileSync(process.argv[2] ?? '', 'utf8');
  await runTranscript(text, (outcome) => {
    if (outcome.difference !== undefined)
      process.stdout.write(`# line ${outcome.step.line}: ${outcome.difference}\n`);
    process.stdout.write(`${renderStep(outcome)}\n`);
  });
}
