import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';
import { Program } from './program.ts';

let server: TestServer;
let program: Program;
let environment: NodeJS.ProcessEnv;
const apiKey = 'sk-of-the-deployment';

before(async () => {
  server = await startTestServer();
  program = new Program();
  environment = { COFFER_ADDR: server.address, COFFER_TOKEN: server.rootToken, COFFER_WORKSPACE: 'models' };
  await coffer('workspaces', 'create', 'models');
  await coffer('secrets:create', 'openai-api-key', apiKey);
  await create('postgres-connection', 'database-credentials', {
    ...{ host: 'db', user: 'u', password: 'p-of-the-deployment', database: 'd' },
  });
  await create('service-account-key', 'service-credentials', { 'key.json': '{"k":1}', 'id.txt': 'robot-7' });
});
after(async () => {
  await program.dispose();
  await server.stop();
});

async function create(name: string, type: string, value: unknown): Promise<void> {
  const made = await fetch(`${server.address}/api/v1/secrets`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${server.rootToken}`,
      'X-Coffer-Workspace': 'models',
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ name, type, value }),
  });
  assert.ok(made.ok, await made.text());
}

async function coffer(...argv: string[]) {
  const ended = await program.run(argv, environment);
  assert.equal(ended.code, 0, ended.err);
  return ended;
}

let count = 0;
function specFile(text: string): string {
  const file = join(program.home, `spec-${++count}.yaml`);
  writeFileSync(file, text);
  return file;
}

async function runSpec(text: string, ...command: string[]) {
  return program.run(['run', '--spec', specFile(text), ...command], environment);
}

const sh = (script: string) => ['--', 'sh', '-c', script];
const folderIn = (err: string) => /\/\S*coffer-mounts-\w+/.exec(err)?.[0] ?? '';

/** MISSION.md, section 2, as it stands there. */
const asWritten = `env:
  - name: OPENAI_API_KEY
    valueFrom: { secretKeyRef: { name: openai-api-key } }
  - name: DATABASE_URL
    valueFrom: { secretKeyRef: { name: postgres-connection } }
volumes:
  - name: api-credentials
    secret: { secretName: service-account-key }
volumeMounts:
  - { name: api-credentials, mountPath: /etc/secrets, readOnly: true }
`;

describe('coffer run --spec', () => {
  test('gives the environment and the files that a deployment names, and leaves nothing behind', async () => {
    const script =
      'echo "$OPENAI_API_KEY $DATABASE_URL [$COFFER_TOKEN]"; cd "$COFFER_MOUNTS"; stat -c %a . ; cd etc/secrets; cat key.json id.txt; stat -L -c " %a" id.txt; readlink id.txt';
    const { code, out, err } = await runSpec(asWritten, ...sh(script));
    assert.equal(code, 0, err);
    assert.equal(
      out,
      `${apiKey} postgresql://u:p-of-the-deployment@db/d []\n700\n{"k":1}robot-7 400\n..data/id.txt\n`,
    );
    assert.notEqual(folderIn(err), '');
    assert.equal(existsSync(folderIn(err)), false);
    assert.equal(err.match(/coffer:/g)?.length, 1);
  });
});
