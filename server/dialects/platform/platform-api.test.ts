import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { callPlatform, type PlatformOptions } from '../../../tests/platform-client.ts';
import { newWorkspace } from '../../../tests/platform-people.ts';
import { startTestServer, type TestServer } from '../../../tests/start-server.ts';

let server: TestServer;
const workspace = 'production';
const ask = (method: string, path: string, options: PlatformOptions = {}) =>
  callPlatform(server, method, path, { workspace, ...options });

before(async () => {
  server = await startTestServer();
  await newWorkspace(server, workspace);
  await ask('POST', 'secrets', { body: { name: 'KEY', value: 'one' } });
});
after(() => server.stop());

describe('the platform API', () => {
  it('says what is wrong as problem details, and never why a token is refused', async () => {
    const none = await ask('GET', 'secrets/KEY:value', { token: null });
    assert.equal(none.status, 401);
    assert.equal(none.headers['www-authenticate'], 'Bearer');
    const bad = await ask('GET', 'secrets/KEY:value', { token: 'hvs.none' });
    assert.equal(bad.status, 403);
    assert.equal(bad.headers['content-type'], 'application/problem+json');
    assert.equal(bad.body['type'], 'urn:coffer:error:permission-denied');
    assert.equal(bad.body['status'], 403);
    const missing = await ask('GET', 'secrets/NOTHING');
    assert.deepEqual([missing.status, missing.body['title']], [404, 'Not found']);
  });

  it('refuses fields, paths and verbs that it does not have, without repeating a value', async () => {
    const field = await ask('POST', 'secrets', { body: { name: 'X', value: 'canary-1', valeu: 'canary-2' } });
    assert.equal(field.status, 400);
    assert.match(field.text, /valeu/);
    assert.doesNotMatch(field.text, /canary/);
    const wrong = { name: 'X', value: { canary: 'canary-3' }, type: 'api-token' };
    assert.doesNotMatch((await ask('POST', 'secrets', { body: wrong })).text, /canary-3/);
    assert.equal((await ask('GET', 'nowhere')).status, 404);
    assert.equal((await ask('GET', 'secrets/KEY:explode')).status, 404);
    assert.equal((await ask('PUT', 'secrets')).status, 405);
    for (const path of ['secrets/a%2Fb', 'secrets/a//b', 'secrets/..%2f..', 'secrets/%2e%2e'])
      assert.equal((await ask('GET', path)).status, 400, path);
  });

  it('wants one workspace, named one way', async () => {
    const request = { workspace: '', headers: {} };
    assert.match((await ask('GET', 'secrets', request)).text, /names no workspace/);
    assert.equal((await ask('GET', 'secrets?workspace=production', request)).status, 200);
    assert.match((await ask('GET', 'secrets?workspace=development')).text, /two workspaces/);
    for (const name of ['production/secret', 'Production', 'root', '..'])
      assert.equal((await ask('GET', 'secrets', { workspace: name })).status, 400, name);
  });

  it('changes a secret only as it was read, with If-Match', async () => {
    const read = await ask('GET', 'secrets/KEY');
    const headers = { 'If-Match': String(read.headers['etag']) };
    assert.equal((await ask('PATCH', 'secrets/KEY', { headers, body: { value: 'two' } })).status, 200);
    const late = await ask('PATCH', 'secrets/KEY', { headers, body: { value: 'three' } });
    assert.equal(late.status, 412);
    assert.equal((await ask('DELETE', 'secrets/KEY', { headers })).status, 412);
    assert.equal((await ask('GET', 'secrets/KEY:value')).body['value'], 'two');
  });

  it('describes itself in OpenAPI 3.1, from the declarations', async () => {
    const { body } = await callPlatform(server, 'GET', 'openapi.json', { token: null });
    assert.equal(body['openapi'], '3.1.0');
    const checked = await new Validator().validate(structuredClone(body));
    assert.deepEqual(checked.errors ?? [], []);
    const paths = body['paths'] as Record<string, object>;
    assert.ok('post' in (paths['/secrets/{name}:rollback'] ?? {}));
  });

  it('is served by the pipeline: what it reads is audited as what it is', async () => {
    const file = `${server.folder}/audit.log`;
    await server.call('POST', 'sys/audit/file', { body: { type: 'file', options: { file_path: file } } });
    await ask('POST', 'secrets', { body: { name: 'AUDITED', value: 'canary-audit' } });
    await ask('GET', 'secrets/AUDITED:value');
    const { readFileSync } = await import('node:fs');
    const log = readFileSync(file, 'utf8');
    assert.match(log, /"path":"secret\/data\/AUDITED"/);
    assert.doesNotMatch(log, /canary-audit/);
    assert.doesNotMatch(server.logText(), /canary-audit/);
  });

  it('serves nothing where a quota says no', async () => {
    const quota = { rate: 1, interval: '60s', path: 'production/secret' };
    await server.call('POST', 'sys/quotas/rate-limit/slow', { body: quota });
    const statuses = [
      await ask('GET', 'secrets/KEY'),
      await ask('GET', 'secrets/KEY'),
      await ask('GET', 'secrets/KEY'),
    ];
    await server.call('DELETE', 'sys/quotas/rate-limit/slow');
    assert.ok(
      statuses.some(({ status }) => status === 429),
      statuses.map(({ text }) => text).join('\n'),
    );
  });
});
