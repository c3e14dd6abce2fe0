import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { mountEverything } from '../declared-paths.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

const run = promisify(execFile);
const modules = join(import.meta.dirname, '../../node_modules');

let server: TestServer;
let folder: string;
before(async () => {
  server = await startTestServer();
  await mountEverything(server.call);
  // The generated code imports its runtime from beside the program.
  folder = mkdtempSync(join(tmpdir(), 'coffer-client-'));
  symlinkSync(modules, join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

/** What an application's own code would be: typed by the client, and wrong types do not compile. */
const application = `
import * as api from './client.ts';

const [address = '', token = ''] = process.argv.slice(2);
api.defaults.baseUrl = \`\${address}/v1\`;
const as = (token: string) => ({ headers: { 'X-Vault-Token': token } });
const root = as(token);

const written = await api.kvV2WriteDataPath('secret', 'app', { data: { key: 'value' }, options: { cas: 0 } }, root);
if (written.status !== 200) throw new Error(JSON.stringify(written));
await api.sysWritePoliciesAclName('reader', { policy: 'path "secret/data/app" { capabilities = ["read"] }' }, root);
const made = await api.authTokenWriteCreate({ policies: ['reader'], ttl: '5m', num_uses: 3 }, root);
if (made.status !== 200 || !made.data.auth) throw new Error(JSON.stringify(made));
const { client_token: own, policies, lease_duration: seconds } = made.data.auth;
const read = await api.kvV2ReadDataPath('secret', 'app', {}, as(own));
if (read.status !== 200) throw new Error(JSON.stringify(read));
const missing = await api.kvV2ReadDataPath('secret', 'none', {}, root);
const refused = await api.kvV2WriteDataPath('secret', 'app', { data: {} }, as(own));
if (refused.status === 200 || refused.status === 204) throw new Error('written');
const listed = await api.kvV2ListMetadata('secret', { list: 'true' }, root);
const health = await api.sysReadHealth({});
const removed = await api.kvV2DeleteDataPath('secret', 'app', {}, root);
// @ts-expect-error a policy is a text
const wrong = () => api.sysWritePoliciesAclName('reader', { policy: 5 }, root);
console.log(
  JSON.stringify({
    read: read.data.data?.['data'],
    policies,
    seconds,
    missing: [missing.status, missing.data],
    refused: [refused.status, 'data' in refused && refused.data.errors.length],
    listed: listed.status === 200 ? listed.data.data : undefined,
    health: health.status,
    removed: removed.status,
    wrong: typeof wrong,
  }),
);
`;

test('a typed client generated from the document does the usual work', async () => {
  const { text } = await server.call('GET', 'sys/internal/specs/openapi?generic_mount_paths=true');
  writeFileSync(join(folder, 'openapi.json'), text);
  await run(process.execPath, [
    join(modules, 'oazapfts/dist/cli.js'),
    join(folder, 'openapi.json'),
    join(folder, 'client.ts'),
  ]);
  writeFileSync(join(folder, 'application.ts'), application);
  const strict = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--allowImportingTsExtensions',
    '--types',
    'node',
  ];
  const modern = ['--target', 'esnext', '--module', 'nodenext', '--moduleResolution', 'nodenext'];
  const checked = run(
    process.execPath,
    [join(modules, 'typescript/bin/tsc'), ...strict, ...modern, 'application.ts'],
    { cwd: folder },
  );
  await checked.catch(({ stdout }: { readonly stdout: string }) => assert.fail(stdout));
  const { stdout } = await run(process.execPath, [
    join(folder, 'application.ts'),
    server.address,
    server.rootToken,
  ]);
  assert.deepEqual(JSON.parse(stdout), {
    read: { key: 'value' },
    policies: ['default', 'reader'],
    seconds: 300,
    missing: [404, { errors: [] }],
    refused: [403, 1],
    listed: { keys: ['app'] },
    health: 200,
    removed: 204,
    wrong: 'function',
  });
});
