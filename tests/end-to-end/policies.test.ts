import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

async function tokenWith(name: string, policy: string, namespace?: string): Promise<string> {
  const where = namespace === undefined ? {} : { namespace };
  const written = await server.call('PUT', `sys/policies/acl/${name}`, { ...where, body: { policy } });
  assert.ok(written.status < 300, written.text);
  const body = { policies: [name], no_default_policy: true };
  const made = await server.call('POST', 'auth/token/create', { ...where, body });
  return String(made.body.auth?.['client_token']);
}

describe('authorisation, routing, storage and audit see one form of a path', () => {
  let token: string;
  let audit: () => string;
  before(async () => {
    const file = join(server.folder, 'audit.log');
    const enabled = await server.call('PUT', 'sys/audit/file', {
      body: { type: 'file', options: { file_path: file } },
    });
    assert.equal(enabled.status, 204, enabled.text);
    audit = () => readFileSync(file, 'utf8');
    await server.call('POST', 'secret/data/deny', { body: { data: { value: 'guarded' } } });
    await server.call('POST', 'secret/data/deny/er', { body: { data: { value: 'guarded' } } });
    await server.call('POST', 'secret/data/gr%C3%BC%C3%9Fe', { body: { data: { value: 'guarded' } } });
    token = await tokenWith(
      'mostly',
      `path "secret/*" { capabilities = ["create","read","update","delete","list","patch","scan"] }
       path "secret/data/deny" { capabilities = ["deny"] }
       path "secret/data/deny/*" { capabilities = ["deny"] }
       path "secret/metadata/deny" { capabilities = ["deny"] }
       path "secret/metadata/deny/*" { capabilities = ["deny"] }
       path "secret/data/grüße" { capabilities = ["deny"] }
       path "sys/policies/acl/*" { capabilities = ["create","read","update","delete"] }
       path "sys/policies/acl/guarded" { capabilities = ["deny"] }
       path "sys/policy/*" { capabilities = ["create","read","update","delete"] }
       path "sys/policy/guarded" { capabilities = ["deny"] }`,
    );
  });

  test('so no spelling of a denied path goes round the deny', async () => {
    const spellings = [
      'secret/data/deny',
      'secret/data/deny/',
      'secret//data/deny',
      'secret/data//deny',
      '/secret/data/deny',
      'secret/data/./deny',
      'secret/data/x/../deny',
      'secret/data/x/%2e%2e/deny',
      'secret/data/x/%2E./deny',
      'secret/data/x/%252e%252e/deny',
      'secret/data%2fdeny',
      'secret/data%2Fdeny',
      'secret/data%252Fdeny',
      'secret%2fdata%2fdeny',
      'secret/data/den%79',
      'secret/data/%64eny',
      'secret/data/deny%00',
      'secret/data/deny%20',
      'secret/data/%20deny',
      'secret/data/deny%0a',
      'secret/data/deny%0d%0a',
      'secret/data/deny%5c',
      'secret/data\\deny',
      'secret/data/deny%2f',
      'secret/data/deny%3f',
      'secret/data/deny%23',
      'secret/data/deny;x=1',
      'secret/data/deny/er',
      'secret/data/deny/er/',
      'secret/data/deny/%2e/er',
      'secret/data/gr%C3%BC%C3%9Fe',
      'secret/data/gru%CC%88%C3%9Fe',
      'secret/data/gr%FC%DFe',
      'secret/data/gr%C3%BC%C3%9Fe/',
      'secret/data/den\u0443',
      'secret/data/deny%EF%BB%BF',
      'secret/data/d%C3%A9ny',
      'secret/subkeys/../data/deny',
      'sys/../secret/data/deny',
      'secret/data/deny?list=true',
      'secret/data/deny?version=1',
      'secret/data/deny/?help=0',
    ];
    for (const path of spellings) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'LIST', 'SCAN']) {
        const headers = { 'Content-Type': 'application/merge-patch+json' };
        const body = { data: { value: 'overwritten' } };
        const answer = await server.call(method, encodeURI(path).replaceAll('%25', '%'), {
          token,
          headers,
          body,
        });
        assert.ok(!answer.text.includes('guarded'), `${method} ${path} answered ${answer.text}`);
        assert.ok(answer.status < 500, `${method} ${path} answered ${answer.text}`);
      }
    }
    for (const path of ['secret/data/deny', 'secret/data/deny/er', 'secret/data/gr%C3%BC%C3%9Fe']) {
      const { body, text } = await server.call('GET', path);
      assert.deepEqual(body.data?.['data'], { value: 'guarded' }, text);
    }
  });

  test('a list with or without its slash meets the same deny', async () => {
    const lists = [
      server.call('LIST', 'secret/metadata/deny', { token }),
      server.call('LIST', 'secret/metadata/deny/', { token }),
      server.call('GET', 'secret/metadata/deny?list=true', { token }),
      server.call('GET', 'secret/metadata/deny/?list=1', { token }),
      server.call('SCAN', 'secret/metadata/deny', { token }),
    ];
    for (const { status, text } of await Promise.all(lists)) assert.equal(status, 403, text);
    assert.equal((await server.call('LIST', 'secret/metadata', { token })).status, 200);
  });

  test('a policy is guarded in every spelling of its name', async () => {
    await server.call('PUT', 'sys/policies/acl/guarded', {
      body: { policy: 'path "x" { capabilities = ["read"] }' },
    });
    for (const family of ['policies/acl', 'policy']) {
      for (const name of [
        'guarded',
        'GUARDED',
        'Guarded',
        'gu%61rded',
        'guarded/',
        'Guarded/',
        'gu%41rded',
      ]) {
        for (const method of ['GET', 'PUT', 'POST', 'DELETE']) {
          const body = { policy: 'path "*" { capabilities = ["sudo"] }' };
          const answer = await server.call(method, `sys/${family}/${name}`, { token, body });
          assert.ok([400, 403].includes(answer.status), `${method} ${name}: ${answer.text}`);
        }
      }
    }
    const { body } = await server.call('GET', 'sys/policies/acl/guarded');
    assert.match(String(body.data?.['policy']), /"x"/);
  });

  test('the audit log names the form that was decided on', async () => {
    await server.call('GET', 'secret/data/den%79/', { token });
    await server.call('PUT', 'sys/policies/acl/GUARDED', { token, body: { policy: 'x' } });
    assert.match(audit(), /"path":"secret\/data\/deny"/);
    assert.match(audit(), /"path":"sys\/policies\/acl\/guarded"/);
    assert.ok(!audit().includes('den%79') && !audit().includes('GUARDED'));
  });

  test('the audit log says which policies of which namespace allowed a request', async () => {
    const made = await server.call('POST', 'sys/namespaces/audited', { body: {} });
    const policy = 'path "sys/mounts" { capabilities = ["read"] }';
    const inside = await tokenWith('reader', policy, 'audited');
    const read = await server.call('GET', 'sys/mounts', { namespace: 'audited', token: inside });
    assert.equal(read.status, 200, read.text);
    const { request_id: id } = read.body;
    const entries: unknown[] = audit()
      .split('\n')
      .filter((line) => line.includes(String(id)))
      .map((line) => JSON.parse(line));
    assert.equal(entries.length, 2);
    const text = JSON.stringify(entries[0]);
    assert.match(text, /"granting_policies":\[\{"name":"reader"/);
    assert.match(text, new RegExp(`"namespace_id":"${String(made.body.data?.['id'])}"`));
    assert.match(text, /"namespace_path":"audited\/"/);
  });
});

describe('a policy', () => {
  test('is lower-cased in its name, with a warning, and never becomes root', async () => {
    const policy = 'path "secret/*" { capabilities = ["read"] }';
    const written = await server.call('PUT', 'sys/policies/acl/MiXed', { body: { policy } });
    assert.deepEqual([written.status, written.body.warnings], [200, ['policy name was converted to mixed']]);
    assert.equal((await server.call('GET', 'sys/policies/acl/mixed')).status, 200);
    for (const name of ['root', 'ROOT', 'Root', 'r%6fot', 'response-wrapping', 'Response-Wrapping']) {
      const { status, text } = await server.call('PUT', `sys/policies/acl/${name}`, { body: { policy } });
      assert.equal(status, 400, text);
    }
    for (const name of ['default', 'Default', 'ROOT'])
      assert.equal((await server.call('DELETE', `sys/policies/acl/${name}`)).status, 400);
    const token = await tokenWith('wants-root', 'path "auth/token/create" { capabilities = ["update"] }');
    for (const name of ['root', 'ROOT', ' root', 'root ', 'Root\n']) {
      const made = await server.call('POST', 'auth/token/create', { token, body: { policies: [name] } });
      assert.ok(made.status >= 400, `${JSON.stringify(name)}: ${made.text}`);
    }
  });

  test('that changes is in force for the next request of a token that has it', async () => {
    await server.call('POST', 'secret/data/changes', { body: { data: { a: 1 } } });
    const token = await tokenWith('changing', 'path "secret/data/changes" { capabilities = ["read"] }');
    const status = async () => (await server.call('GET', 'secret/data/changes', { token })).status;
    assert.equal(await status(), 200);
    await server.call('PUT', 'sys/policies/acl/changing', {
      body: { policy: 'path "secret/data/changes" { capabilities = ["deny"] }' },
    });
    assert.equal(await status(), 403);
    await server.call('PUT', 'sys/policies/acl/changing', {
      body: { policy: 'path "secret/data/changes" { capabilities = ["read"] }' },
    });
    assert.equal(await status(), 200);
    await server.call('DELETE', 'sys/policies/acl/changing');
    assert.equal(await status(), 403);
  });

  test('of one namespace is not the policy of that name of another', async () => {
    await server.call('POST', 'sys/namespaces/same', { body: {} });
    const mount = { type: 'kv', options: { version: '1' } };
    for (const where of [{}, { namespace: 'same' }])
      await server.call('POST', 'sys/mounts/same-kv', { ...where, body: mount });
    await server.call('POST', 'same-kv/x', { body: { a: 'root' } });
    await server.call('POST', 'same-kv/x', { namespace: 'same', body: { a: 'child' } });
    const outside = await tokenWith('twin', 'path "same-kv/x" { capabilities = ["read"] }');
    const inside = await tokenWith('twin', 'path "same-kv/y" { capabilities = ["read"] }', 'same');
    assert.equal((await server.call('GET', 'same-kv/x', { token: outside })).status, 200);
    assert.equal((await server.call('GET', 'same-kv/x', { token: inside, namespace: 'same' })).status, 403);
    // A policy of the parent names the child's paths with the child's name before them.
    assert.equal((await server.call('GET', 'same-kv/x', { token: outside, namespace: 'same' })).status, 403);
    const across = await tokenWith('across', 'path "same/same-kv/x" { capabilities = ["read"] }');
    assert.equal((await server.call('GET', 'same/same-kv/x', { token: across })).status, 200);
    assert.equal((await server.call('GET', 'same-kv/x', { token: across, namespace: 'same' })).status, 200);
    assert.equal((await server.call('GET', 'same-kv/x', { token: across })).status, 403);
  });

  test('with constraints on parameters and wrapping is held to them', async () => {
    await server.call('POST', 'sys/mounts/p', { body: { type: 'kv' } });
    const token = await tokenWith(
      'par',
      `path "p/a" { capabilities=["create","update"] allowed_parameters={"a"=["1","2*"]} }
       path "p/d" { capabilities=["create","update"] denied_parameters={"b"=[] "c"=["x"]} }
       path "p/r" { capabilities=["create","update"] required_parameters=["k"] }
       path "p/w" { capabilities=["create","update","read"] min_wrapping_ttl="1m" max_wrapping_ttl="1h" }`,
    );
    const write = async (path: string, body: object, headers = {}) =>
      (await server.call('POST', `p/${path}`, { token, body, headers })).status;
    assert.equal(await write('a', { a: '1' }), 204);
    assert.equal(await write('a', { a: '2zz' }), 204);
    assert.equal(await write('a', { a: '3' }), 403);
    assert.equal(await write('a', { b: '1' }), 403);
    assert.equal(await write('d', { b: 'y' }), 403);
    assert.equal(await write('d', { B: 'y' }), 403);
    assert.equal(await write('d', { c: 'x' }), 403);
    assert.equal(await write('d', { c: 'y' }), 204);
    assert.equal(await write('r', { a: '1' }), 403);
    assert.equal(await write('r', { k: '1' }), 204);
    assert.equal(await write('w', { k: '1' }), 403);
    assert.equal(await write('w', { k: '1' }, { 'X-Vault-Wrap-TTL': '5m' }), 204);
    assert.equal(await write('w', { k: '1' }, { 'X-Vault-Wrap-TTL': '2h' }), 403);
  });

  test('can be read back as one answer by the token that holds it', async () => {
    const token = await tokenWith(
      'shown',
      'path "sys/internal/ui/resultant-acl" { capabilities = ["read"] }\npath "a/*" { capabilities = ["list"] }',
    );
    const { body } = await server.call('GET', 'sys/internal/ui/resultant-acl', { token });
    assert.deepEqual(body.data, {
      exact_paths: { 'sys/internal/ui/resultant-acl': { capabilities: ['read'] } },
      glob_paths: { 'a/': { capabilities: ['list'] } },
      root: false,
    });
    assert.deepEqual((await server.call('GET', 'sys/internal/ui/resultant-acl')).body.data, { root: true });
  });

  test('may have slashes in its name, and is told when the text is not a policy', async () => {
    const policy = 'path "x" { capabilities = ["read"] }';
    assert.equal((await server.call('PUT', 'sys/policies/acl/team/dev', { body: { policy } })).status, 204);
    assert.equal((await server.call('GET', 'sys/policies/acl/team/dev')).body.data?.['name'], 'team/dev');
    const listed = await server.call('LIST', 'sys/policies/acl');
    assert.ok(JSON.stringify(listed.body.data?.['keys']).includes('team/dev'));
    for (const wrong of ['', 'path "x" {', 'path "x" { capabilities = ["fly"] }', 'path "+*" {}', '{"path":'])
      assert.equal(
        (await server.call('PUT', 'sys/policies/acl/wrong', { body: { policy: wrong } })).status,
        400,
      );
  });
});
