import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('killed-process-harness.ts', import.meta.url));

/** Runs the child until it has printed shares, or for `aliveMs` when it was given some, then kills it; its lines. */
async function runUntilKilled(path: string, shares: string | undefined, aliveMs: number) {
  const running = spawn(process.execPath, [child, path, ...(shares === undefined ? [] : [shares])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const ended = new Promise<number | null>((resolve) => running.once('close', resolve));
  const first = new Promise<void>((resolve) => {
    running.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('\n')) resolve();
    });
  });
  await Promise.race([first, ended]);
  await Promise.race([new Promise((resolve) => setTimeout(resolve, aliveMs)), ended]);
  running.kill('SIGKILL');
  const code = await ended;
  assert.equal(code, null, `the child ended by itself with ${code}: the shares did not open the store`);
  return output.split('\n').slice(0, -1);
}

test('the shares handed out last open the store, whenever the process is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-killed-'));
  const path = join(folder, 'data');
  try {
    let shares: string | undefined;
    let rekeys = 0;
    for (let round = 0; round < 6; round += 1) {
      const lines = await runUntilKilled(path, shares, randomInt(0, 60));
      shares = lines.at(-1) ?? shares;
      rekeys += lines.length;
    }
    assert(rekeys > 6, 'there were rekeys to interrupt');
  } finally {
    await rm(folder, { recursive: true });
  }
});
