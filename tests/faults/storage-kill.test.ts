import { deepEqual, equal, ok } from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkHistory } from './storage-history.ts';

const driver = join(import.meta.dirname, 'storage-driver.ts');

/** Runs the driver, kills it `milliseconds` after its first acknowledgement, and returns what it printed. */
function runAndKill(path: string, milliseconds: number): Promise<string[]> {
  const child = spawn(process.execPath, [driver, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let output = '';
    child.once('error', reject);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output === '' || !output.includes('acknowledged'))
        setTimeout(() => child.kill('SIGKILL'), milliseconds);
      output += text;
    });
    child.once('close', () => resolve(output.split('\n').slice(0, -1)));
  });
}

/** Runs the driver under strace, which does something to the nth call (of any thread) of a system call. */
function runTampered(path: string, inject: string, rounds: number): string[] {
  const tamper = ['-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', `inject=${inject}`];
  const run = spawnSync('strace', [...tamper, process.execPath, driver, path, `${rounds}`], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return run.stdout.split('\n').slice(0, -1);
}

function canTrace(): boolean {
  const probe = spawnSync('strace', [
    '-f',
    '--seccomp-bpf',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'trace=fsync',
    'true',
  ]);
  return probe.status === 0;
}

const untraceable = canTrace() ? false : 'strace is not there, or may not trace';

describe('SQLite storage whose process is killed', () => {
  let path: string;
  before(() => {
    path = mkdtempSync(join(tmpdir(), 'coffer-kill-'));
  });
  after(() => rmSync(path, { recursive: true }));

  it('keeps every acknowledged write and no half of another, at random points under load', async () => {
    let acknowledgements = 0;
    for (let round = 0; round < 10; round++) {
      const lines = await runAndKill(path, Math.random() * 150);
      equal(lines[0], 'open', 'the lock of a killed process is released');
      acknowledgements += lines.length - 1;
      await checkHistory(path, lines);
    }
    ok(acknowledgements > 100, `only ${acknowledgements} acknowledgements: the test did not get to load`);
  });

  it('the same before and after every statement of a group', async () => {
    const stepDriver = join(import.meta.dirname, 'storage-step-driver.ts');
    let kills = 0;
    let keys = 0;
    for (const when of ['before', 'after']) {
      for (let nth = 1; nth < 60; nth++) {
        const { stdout } = spawnSync(process.execPath, [stepDriver, path, when, `${nth}`], {
          encoding: 'utf8',
        });
        const lines = stdout.split('\n').slice(0, -1);
        keys += await checkHistory(path, lines);
        if (lines.at(-1) === 'done') break;
        kills += 1;
      }
    }
    ok(kills > 30, `${kills} kills`);
    equal(keys, 7 * 3, 'twice acknowledged, once killed right after COMMIT; otherwise there is nothing');
  });

  it('the same at every single write, sync and removal of a file', { skip: untraceable }, async (t) => {
    let kills = 0;
    for (const call of ['pwrite64', 'fsync,fdatasync', 'ftruncate', 'unlink']) {
      for (let nth = 1; nth < 60; nth++) {
        const lines = runTampered(path, `${call}:signal=SIGKILL:when=${nth}`, 2);
        await checkHistory(path, lines);
        if (lines.at(-1) === 'closed') break;
        kills += 1;
      }
    }
    t.diagnostic(`killed at ${kills} steps`);
    ok(kills > 15);
  });
});

describe('SQLite storage on a disk that fails', { skip: untraceable }, () => {
  let path: string;
  before(async () => {
    path = mkdtempSync(join(tmpdir(), 'coffer-io-'));
    spawnSync(process.execPath, [driver, path, '3']);
    await checkHistory(path, []);
  });
  after(() => rmSync(path, { recursive: true }));

  // Only the one call fails: who asked again would be told that all is well, which is false after a failed sync.
  // The counts, which are per thread, are past what opening does.
  for (const failure of ['fsync,fdatasync:error=EIO:when=5', 'pwrite64:error=EIO:when=14']) {
    it(`stops for good at the first failure: ${failure}`, async () => {
      const lines = runTampered(path, failure, 6);
      const firstRefusal = lines.findIndex((line) => line.startsWith('refused'));
      ok(firstRefusal > 0, lines.join('; '));
      deepEqual(
        lines.filter((line) => line.startsWith('onFatal')),
        ['onFatal fatal'],
      );
      ok(
        lines.slice(firstRefusal).every((line) => !line.startsWith('acknowledged')),
        lines.join('; '),
      );
      ok(lines.includes('refused fatal'));
      await checkHistory(path, lines);
    });
  }

  it('refuses what has no space and goes on when there is some', async () => {
    const lines = runTampered(path, 'pwrite64:error=ENOSPC:when=14', 6);
    deepEqual(
      lines.filter((line) => line.startsWith('refused')),
      ['refused full'],
    );
    equal(lines.filter((line) => line.startsWith('acknowledged')).length, 5);
    await checkHistory(path, lines);
  });
});
