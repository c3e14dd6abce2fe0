import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';
import { Program } from './program.ts';

let server: TestServer;
let program: Program;
let environment: NodeJS.ProcessEnv;
const value = 'sk-of-the-model-server';

before(async () => {
  server = await startTestServer();
  program = new Program();
  environment = { COFFER_ADDR: server.address, COFFER_TOKEN: server.rootToken, COFFER_WORKSPACE: 'models' };
  await coffer('workspaces', 'create', 'models');
  await coffer('secrets:create', 'openai-api-key', value, '--tags', 'model');
  await coffer('secrets:create', 'OTHER', 'other-value');
});
after(async () => {
  await program.dispose();
  await server.stop();
});

async function coffer(...argv: string[]) {
  const ended = await program.run(argv, environment);
  assert.equal(ended.code, 0, ended.err);
  return ended;
}

describe('coffer run', () => {
  test('gives a command the secrets of a workspace, and not the token that read them', async () => {
    const { out } = await coffer(
      'run',
      '--',
      'sh',
      '-c',
      'echo "$OPENAI_API_KEY $OTHER [$COFFER_TOKEN$VAULT_TOKEN]"',
    );
    assert.equal(out, `${value} other-value []\n`);
  });

  test('gives only what was chosen, and says which is not there', async () => {
    const { out } = await coffer(
      'run',
      '--only',
      'openai-api-key',
      '--',
      'sh',
      '-c',
      'echo "[$OTHER]$OPENAI_API_KEY"',
    );
    assert.equal(out, `[]${value}\n`);
    assert.equal((await coffer('run', '--tags', 'model', '--', 'sh', '-c', 'echo "[$OTHER]"')).out, '[]\n');
    const missing = await program.run(['run', '--only', 'OTHER,NOPE', '--', 'true'], environment);
    assert.equal(missing.code, 1);
    assert.match(missing.err, /no such secret in the workspace: NOPE/);
  });

  test('ends as the command ends', async () => {
    assert.equal((await program.run(['run', '--', 'sh', '-c', 'exit 7'], environment)).code, 7);
    assert.equal((await program.run(['run', '--', 'sh', '-c', 'kill -9 $$'], environment)).code, 137);
    const missing = await program.run(['run', '--', 'no-such-program-here'], environment);
    assert.equal(missing.code, 127);
    assert.match(missing.err, /cannot run no-such-program-here/);
  });

  test('passes signals on', async () => {
    const script = 'trap "echo ended well; exit 3" TERM; echo ready; while :; do sleep 0.05; done';
    const running = await program.start(['run', '--', 'sh', '-c', script], /ready/, environment);
    running.child.kill('SIGTERM');
    const { code, out } = await running.ended;
    assert.equal(code, 3);
    assert.match(out, /ended well/);
  });

  test('hides values in what the command says when asked to', async () => {
    const { out } = await coffer(
      'run',
      '--mask',
      '--',
      'sh',
      '-c',
      'echo "key=$OPENAI_API_KEY"; env | grep OTHER',
    );
    assert.equal(out, 'key=[redacted]\nOTHER=[redacted]\n');
  });

  test('starts the command again when a secret gets a new version', async () => {
    await coffer('secrets:create', 'WATCHED', 'first');
    const script = 'echo "has $WATCHED"; while :; do sleep 0.05; done';
    const running = await program.start(
      ['run', '--watch', '--watch-interval', '0.2s', '--only', 'WATCHED', '--', 'sh', '-c', script],
      /has first/,
      environment,
    );
    await coffer('secrets:update', 'WATCHED', 'second');
    await running.sees(/has second/);
    running.child.kill('SIGTERM');
    await running.ended;
  });

  test('refuses somebody who may reference a secret and not read it', async () => {
    const policy = 'path "secret/metadata/*" { capabilities = ["read", "list"] }';
    await server.call('PUT', 'sys/policies/acl/looks', { body: { policy }, namespace: 'models' });
    const made = await server.call('POST', 'auth/token/create', {
      body: { policies: ['looks'] },
      namespace: 'models',
    });
    const token = String(made.body.auth?.['client_token']);
    const refused = await program.run(['run', '--', 'sh', '-c', 'env'], {
      ...environment,
      COFFER_TOKEN: token,
    });
    assert.notEqual(refused.code, 0);
    assert.ok(!`${refused.out}${refused.err}`.includes(value));
  });
});

describe('coffer export and coffer inject', () => {
  test('print what others read', async () => {
    assert.match(
      (await coffer('export', '--only', 'openai-api-key')).out,
      new RegExp(`^OPENAI_API_KEY=${value}$`, 'm'),
    );
    const json: unknown = JSON.parse((await coffer('export', '--as', 'json', '--only', 'OTHER')).out);
    assert.deepEqual(json, { OTHER: 'other-value' });
  });

  test('fill a template by name, into a file for its owner alone', async () => {
    const folder = mkdtempSync(join(program.home, 'inject-'));
    const [source, target] = [join(folder, 'in.tmpl'), join(folder, 'out.yaml')];
    writeFileSync(source, 'key: {{ index . "openai-api-key" }}\nother: {{ .OTHER }}\n');
    await coffer('inject', '-i', source, '-o', target);
    assert.equal(readFileSync(target, 'utf8'), `key: ${value}\nother: other-value\n`);
    assert.equal(statSync(target).mode & 0o777, 0o600);
    writeFileSync(source, '{{ .NOPE }}');
    const refused = await program.run(['inject', '-i', source, '-o', target], environment);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /template cannot be filled/);
    assert.equal(readFileSync(target, 'utf8'), `key: ${value}\nother: other-value\n`);
  });
});
