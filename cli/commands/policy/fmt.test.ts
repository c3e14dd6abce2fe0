import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { runInProcess } from '../../testing/run-in-process.ts';

test('a policy that the server would refuse is refused by policy fmt, and its file stays as it is', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-fmt-'));
  const file = path.join(folder, 'bad.hcl');
  const text = 'path "secret/*" {capabilities=["fly"]}';
  try {
    fs.writeFileSync(file, text);
    const { exitCode, err } = await runInProcess(['policy', 'fmt', file]);
    assert.equal(exitCode, 1);
    assert.match(err, /^failed to parse policy: path "secret\/\*": invalid capability "fly"\n/);
    assert.equal(fs.readFileSync(file, 'utf8'), text);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
