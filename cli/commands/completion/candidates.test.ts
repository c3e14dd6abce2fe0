import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startTestServer, type TestServer } from '../../../tests/start-server.ts';
import { runInProcess } from '../../testing/run-in-process.ts';

let server: TestServer;
let environment: Record<string, string>;
before(async () => {
  server = await startTestServer();
  environment = { COFFER_ADDR: server.address, COFFER_TOKEN: server.rootToken };
  for (const argv of [
    ['secrets', 'enable', '-path=apps', '-version=2', 'kv'],
    ['kv', 'put', 'apps/ai/openai', 'k=v'],
    ['kv', 'put', 'apps/ai/openrouter', 'k=v'],
    ['kv', 'put', 'apps/ai/x;touch$(id)', 'k=v'],
  ]) {
    const done = await runInProcess(argv, { environment });
    assert.equal(done.exitCode, 0, done.err);
  }
});
after(() => server.stop());

async function ask(line: string, more: Record<string, string> = {}): Promise<string[]> {
  const answer = await runInProcess(['completion', 'candidates'], {
    input: line,
    environment: { ...environment, ...more },
  });
  assert.deepEqual([answer.exitCode, answer.err], [0, '']);
  return answer.out.split('\n').filter((one) => one !== '');
}

test('commands are completed at each level, and flags of the command that stands there', async () => {
  assert.deepEqual(await ask('coffer sta'), ['start', 'status']);
  assert.deepEqual(await ask('coffer kv metadata p'), ['patch', 'put']);
  assert.deepEqual(await ask('coffer kv get -ver'), ['-version=']);
  assert.deepEqual(await ask('coffer kv get --tls-s'), ['--tls-server-name=', '--tls-skip-verify']);
  assert.deepEqual(await ask('coffer nosuch x'), []);
});

test('paths come from the server, folder by folder, also below -mount', async () => {
  assert.deepEqual(await ask('coffer kv get ap'), ['apps/']);
  assert.deepEqual(await ask('coffer kv get apps/ai/openr'), ['apps/ai/openrouter']);
  assert.deepEqual(await ask('coffer kv get -mount=apps ai/opena'), ['ai/openai']);
  assert.deepEqual(await ask('coffer read sy'), ['sys/']);
  assert.deepEqual(await ask('coffer policy read def'), ['default']);
  assert.deepEqual(await ask('coffer kv put apps/ai/openai k=@f'), []);
});

test('a stored name that a shell would act on is never offered', async () => {
  assert.deepEqual(await ask('coffer kv get apps/ai/'), ['apps/ai/openai', 'apps/ai/openrouter']);
});

test('without a server or a token there is silence, and commands all the same', async () => {
  const gone = { COFFER_ADDR: 'http://127.0.0.1:1' };
  assert.deepEqual(await ask('coffer kv get apps/', gone), []);
  assert.deepEqual(await ask('coffer kv ge', gone), ['get']);
  assert.deepEqual(await ask('coffer kv get apps/', { COFFER_TOKEN: 'wrong' }), []);
});

test('a real bash completes commands, flags and paths with the printed script', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-completion-'));
  const launcher = fileURLToPath(new URL('../../../bin/coffer', import.meta.url));
  fs.symlinkSync(launcher, path.join(folder, 'coffer'));
  const complete = async (line: string): Promise<string> => {
    const program = `source <(coffer completion bash)
      COMP_LINE=$1; COMP_POINT=\${#1}; COMP_WORDS=($1); COMP_CWORD=1
      complete -p coffer >/dev/null && _coffer_complete && printf '%s\\n' "\${COMPREPLY[@]}"`;
    const ran = await promisify(execFile)('bash', ['--norc', '-c', program, 'bash', line], {
      env: {
        PATH: `${folder}:${path.dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: folder,
        ...environment,
      },
    });
    assert.equal(ran.stderr, '');
    return ran.stdout;
  };
  try {
    assert.equal(await complete('coffer secrets m'), 'move\n');
    assert.equal(await complete('coffer kv get -fi'), '-field=\n');
    assert.equal(await complete('coffer kv get apps/ai/openr'), 'apps/ai/openrouter\n');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test('-autocomplete-install says which line to add, and changes no file', async () => {
  const { exitCode, err } = await runInProcess(['-autocomplete-install'], { environment });
  assert.equal(exitCode, 1);
  assert.match(err, /source <\(coffer completion bash\)/);
});
