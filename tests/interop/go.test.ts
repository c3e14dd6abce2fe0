import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startTestServer } from '../start-server.ts';
import { runForeign, skipUnlessCi } from './foreign-client.ts';

const source = join(import.meta.dirname, 'go');

test('the Go module of Vault, unchanged, does its full usual work, with every method that applies', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-interop-go-'));
  const program = join(folder, 'interop');
  // Modules and objects stay in Go's own caches, so that only the first build takes long.
  const built = await runForeign('go', ['build', '-mod=readonly', '-trimpath', '-o', program, '.'], {
    cwd: source,
  });
  if (built.code !== 0) {
    rmSync(folder, { recursive: true, force: true });
    skipUnlessCi(context, `go: the program could not be built: ${built.text.slice(-400) || 'go is missing'}`);
    return;
  }
  const server = await startTestServer({ isSealed: true, storage: 'sqlite' });
  try {
    const { code, text } = await runForeign(program, [], {
      env: { COFFER_ADDRESS: server.address, COFFER_FOLDER: server.folder },
    });
    for (const line of text.split('\n')) if (line !== '') context.diagnostic(line);
    assert.equal(code, 0, text.slice(text.lastIndexOf(' rows, ')));
    const [, rows] = /^(\d+) rows, 0 unexpected$/m.exec(text) ?? [];
    assert.ok(Number(rows) >= 140, text.slice(-300));
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
