import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startTestServer } from '../start-server.ts';
import { runForeign, skipUnlessCi } from './foreign-client.ts';

const folder = join(import.meta.dirname, 'hvac');
const requirements = join(folder, 'requirements.txt');

/** A virtual environment with the pinned packages, kept in the temporary folder of this user for the next run; or why there is none. */
async function python(): Promise<{ readonly program: string } | { readonly reason: string }> {
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const place = join(tmpdir(), `coffer-interop-hvac-${process.getuid?.() ?? 0}-${digest}`);
  const program = join(place, 'bin', 'python');
  const isComplete = join(place, 'complete');
  if (existsSync(isComplete)) return { program };
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const made = await runForeign('python3', ['-m', 'venv', place]);
  if (made.code !== 0) return { reason: `hvac: python3 with venv is missing: ${made.text.slice(-300)}` };
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--requirement',
    requirements,
  ];
  const installed = await runForeign(program, pip);
  if (installed.code !== 0)
    return { reason: `hvac: PyPI could not be reached: ${installed.text.slice(-300)}` };
  writeFileSync(isComplete, '');
  return { program };
}

test('hvac, unchanged, does its full usual work, with every call of its public surface that applies', async (context) => {
  const ready = await python();
  if ('reason' in ready) {
    skipUnlessCi(context, ready.reason);
    return;
  }
  const server = await startTestServer({ isSealed: true, storage: 'sqlite' });
  try {
    const { code, text } = await runForeign(ready.program, ['-B', join(folder, 'full_work.py')], {
      env: { PATH: process.env['PATH'], COFFER_ADDRESS: server.address, COFFER_FOLDER: server.folder },
    });
    for (const line of text.split('\n')) if (line !== '') context.diagnostic(line);
    assert.equal(code, 0, text.slice(text.lastIndexOf(' rows, ')));
    const [, rows] = /^(\d+) rows, 0 unexpected$/m.exec(text) ?? [];
    assert.ok(Number(rows) >= 280, text.slice(-300));
  } finally {
    await server.stop();
  }
});
