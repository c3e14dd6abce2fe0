import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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

  test('reads the container of a Deployment, with its command, whatever else the manifest holds', async () => {
    const manifest = `apiVersion: v1
kind: Service
metadata: { name: model-server }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: model-server }
spec:
  replicas: 3
  template:
    metadata: { labels: { app: model-server } }
    spec:
      serviceAccountName: inference-sa
      containers:
        - name: server
          image: example/server:1
          ports: [{ containerPort: 8080 }]
          command: [sh, -c]
          args: ['echo "$A $KEY_FILE $APP_id $APP_nothing $PLAIN"; cat "$KEY_FILE"; stat -L -c " %a" "$KEY_FILE"; cat $COFFER_MOUNTS/app/tls/deep/id']
          env:
            - { name: A, valueFrom: { secretKeyRef: { name: openai-api-key, key: value, optional: false } } }
            - { name: GONE, valueFrom: { secretKeyRef: { name: not-there, key: k, optional: true } } }
            - { name: PLAIN, value: "plain $$(A) $(NOPE)" }
            - { name: KEY_FILE, value: $(COFFER_MOUNTS)/app/key.json }
          envFrom:
            - { prefix: APP_, secretRef: { name: parts } }
          volumeMounts:
            - { name: account, mountPath: /app/key.json, subPath: renamed/key.json, readOnly: true }
            - { name: account, mountPath: /app/tls }
            - { name: scratch, mountPath: /tmp/scratch }
        - name: sidecar
          env: [{ name: WHO, value: sidecar }]
          command: [sh, -c, 'echo "$WHO [$A]"']
      volumes:
        - name: account
          secret:
            secretName: service-account-key
            defaultMode: 0555
            items: [{ key: key.json, path: renamed/key.json, mode: 0644 }, { key: id.txt, path: deep/id }]
        - name: scratch
          emptyDir: {}
`;
    await create('parts', 'json', { id: 'seven', nothing: '' });
    const first = await runSpec(manifest);
    assert.equal(first.code, 0, first.err);
    const folder = folderIn(first.err);
    assert.equal(
      first.out,
      `${apiKey} ${folder}/app/key.json seven  plain $(A) $(NOPE)\n{"k":1} 400\nrobot-7`,
    );
    assert.match(first.err, /spec-\d+\.yaml:31: volumeMounts\[2\]|volumeMounts\[2\].*is not there/);
    const file = specFile(manifest);
    const sidecar = await coffer('run', '--spec', file, '--container', 'sidecar');
    assert.equal(sidecar.out, 'sidecar []\n');
    const wrong = await program.run(['run', '--spec', file, '--container', 'nope'], environment);
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /has no container nope\n.*server, sidecar/);
  });

  test('starts nothing when a secret or a key is missing, and says which by line', async () => {
    const missing = await runSpec(
      'env:\n  - name: A\n    valueFrom:\n      secretKeyRef: { name: not-there }\n',
      ...sh('echo started'),
    );
    assert.equal(missing.code, 2);
    assert.equal(missing.out, '');
    assert.match(missing.err, /\.yaml:4: env\[0\]\.valueFrom\.secretKeyRef: there is no secret "not-there"/);
    const key = await runSpec(
      'env:\n  - { name: A, valueFrom: { secretKeyRef: { name: service-account-key, key: nope } } }\n',
      ...sh('echo started'),
    );
    assert.equal(key.code, 1);
    assert.equal(key.out, '');
    assert.match(key.err, /\.yaml:2: .*has no key nope\nIt has: id\.txt, key\.json|has no key nope/);
    assert.ok(!key.err.includes('robot-7'));
  });

  test('reads nothing but what is named', async () => {
    const policy = 'path "secret/data/openai-api-key" { capabilities = ["read"] }';
    await server.call('PUT', 'sys/policies/acl/one', { body: { policy }, namespace: 'models' });
    const made = await server.call('POST', 'auth/token/create', {
      body: { policies: ['one'] },
      namespace: 'models',
    });
    const narrow = { ...environment, COFFER_TOKEN: String(made.body.auth?.['client_token']) };
    const unmounted = 'volumes: [{ name: v, secret: { secretName: service-account-key } }]\n';
    const one = specFile(
      `env: [{ name: A, valueFrom: { secretKeyRef: { name: openai-api-key } } }]\n${unmounted}`,
    );
    const given = await program.run(['run', '--spec', one, ...sh('echo "$A"')], narrow);
    assert.equal(given.out, `${apiKey}\n`, given.err);
    const other = specFile('envFrom: [{ secretRef: { name: service-account-key, optional: true } }]\n');
    const refused = await program.run(['run', '--spec', other, ...sh('echo started')], narrow);
    assert.equal(refused.code, 2);
    assert.equal(refused.out, '');
  });

  test('puts no secret into an argument, and lets no secret decide how programs run', async () => {
    const argument = await runSpec(
      'env:\n  - { name: A, valueFrom: { secretKeyRef: { name: openai-api-key } } }\n  - { name: B, value: "x$(A)" }\ncommand: [echo]\nargs: ["$(B)"]\n',
    );
    assert.equal(argument.code, 1);
    assert.match(argument.err, /args\[0\]: \$\(B\) would put a secret into an argument/);
    await create('sly', 'json', { LD_PRELOAD: '/tmp/x.so' });
    const sly = await runSpec('envFrom: [{ secretRef: { name: sly } }]\n', ...sh('echo started'));
    assert.equal(sly.code, 1);
    assert.match(sly.err, /would set LD_PRELOAD/);
    await create('climbing', 'json', { '../../x': 'y' });
    const climbing = await runSpec(
      'volumes: [{ name: v, secret: { secretName: climbing } }]\nvolumeMounts: [{ name: v, mountPath: /a }]\n',
      ...sh('echo started'),
    );
    assert.equal(climbing.code, 1);
    assert.match(climbing.err, /cannot be the name of a file/);
    assert.equal(existsSync(folderIn(climbing.err)), false);
  });

  test('ends as the command ends, on a signal too, and its files with it', async () => {
    const file = specFile(asWritten);
    const script = 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done';
    const running = await program.start(['run', '--spec', file, ...sh(script)], /ready/, environment);
    const folder = folderIn(running.err);
    assert.equal(readFileSync(join(folder, 'etc/secrets/id.txt'), 'utf8'), 'robot-7');
    running.child.kill('SIGTERM');
    assert.equal((await running.ended).code, 3);
    assert.equal(existsSync(folder), false);
    const missing = await runSpec(asWritten, '--', 'no-such-program-here');
    assert.equal(missing.code, 127);
    assert.equal(existsSync(folderIn(missing.err)), false);
  });

  test('exchanges files in place when they change, and starts again only for the environment', async () => {
    await coffer('secrets:create', 'in-file', 'file-1');
    await coffer('secrets:create', 'in-variable', 'variable-1');
    const file = specFile(`env: [{ name: V, valueFrom: { secretKeyRef: { name: in-variable } } }]
volumes: [{ name: v, secret: { secretName: in-file } }]
volumeMounts: [{ name: v, mountPath: /s }, { name: v, mountPath: /alone, subPath: value }]
`);
    const script =
      'echo "start $V"; while :; do echo "has $(cat $COFFER_MOUNTS/s/value) $(cat $COFFER_MOUNTS/alone)"; sleep 0.05; done';
    const watch = ['--watch', '--watch-interval', '0.2s'];
    const running = await program.start(
      ['run', '--spec', file, ...watch, ...sh(script)],
      /has file-1 file-1/,
      environment,
    );
    await coffer('secrets:update', 'in-file', 'file-2');
    await running.sees(/has file-2 file-2/);
    assert.equal(running.out.match(/^start/gm)?.length, 1);
    await coffer('secrets:update', 'in-variable', 'variable-2');
    await running.sees(/start variable-2\nhas file-2/);
    running.child.kill('SIGTERM');
    await running.ended;
    assert.equal(existsSync(folderIn(running.err)), false);
  });

  test('hides values of variables and files in what the command says when asked to', async () => {
    const { out } = await runSpec(
      asWritten,
      '--mask',
      ...sh('echo "$OPENAI_API_KEY"; cat $COFFER_MOUNTS/etc/secrets/id.txt'),
    );
    assert.equal(out, '[redacted]\n[redacted]');
  });
});

describe('coffer init', () => {
  test('ties a folder to a workspace that is there, and not to another by accident', async () => {
    const file = join(program.home, '.coffer.json');
    const untied = { ...environment, COFFER_WORKSPACE: '' };
    const nowhere = await program.run(['init', 'not-there'], untied);
    assert.equal(nowhere.code, 2);
    assert.equal(existsSync(file), false);
    await coffer('workspaces', 'create', 'other');
    const many = await program.run(['init'], untied);
    assert.equal(many.code, 1);
    await coffer('init', 'models');
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { workspace: 'models' });
    const used = await program.run(
      ['run', '--only', 'openai-api-key', ...sh('echo "$OPENAI_API_KEY"')],
      untied,
    );
    assert.equal(used.out, `${apiKey}\n`, used.err);
    const refused = await program.run(['init', 'other'], untied);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /ties this folder to models already/);
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { workspace: 'models' });
    await coffer('init', 'models');
    await coffer('init', '-force', 'other');
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { workspace: 'other' });
  });
});
