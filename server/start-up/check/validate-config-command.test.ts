import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runValidateConfig } from './validate-config-command.ts';

test('a configuration is accepted or refused as the server would, and nothing is made', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-validate-'));
  const file = join(folder, 'server.hcl');
  const validate = (text: string): [code: number, out: string, err: string] => {
    writeFileSync(file, text);
    let [out, err] = ['', ''];
    const code = runValidateConfig(
      [`-config=${file}`],
      {},
      { out: (one) => (out += one), err: (one) => (err += one) },
    );
    return [code, out, err];
  };
  try {
    const good = `storage "sqlite" { path = "${folder}/data" }\nlistener "tcp" {\n  address = "127.0.0.1:8200"\n  tls_disable = true\n}\n`;
    assert.deepEqual(validate(good).slice(0, 2), [0, 'Success! The configuration can be used.\n']);
    const [code, out, err] = validate(good.replace('tls_disable', 'tls_disabel'));
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /tls_disabel/);
    assert.deepEqual(readdirSync(folder), ['server.hcl']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
