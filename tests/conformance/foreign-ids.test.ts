import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type DeclaredPath, declaredPaths, filled, mountEverything } from '../declared-paths.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

/** In everything that the first namespace has, and in nothing that a caller of the second sends. */
const mark = `mine-${randomBytes(8).toString('hex')}`;
const headers = { 'Content-Type': 'application/merge-patch+json' };

/** Refusals whose status a protocol of their own decides (OpenID Connect; a wrapping token that is none). */
const otherWords: ReadonlyMap<string, number> = new Map([
  ['identity/oidc/provider/{name}/userinfo', 401],
  ['sys/wrapping/rewrap', 400],
  ['sys/wrapping/unwrap', 400],
]);

let server: TestServer;
let foreignToken: string;
const ids: Record<string, string> = {};
before(async () => {
  server = await startTestServer();
  for (const name of ['a', 'b']) {
    await server.call('POST', `sys/namespaces/${name}`, { body: {} });
    await mountEverything(server.call, { namespace: name });
  }
  foreignToken = await administrator('b');
  await fill();
});
after(() => server.stop());

async function inFirst(
  method: string,
  path: string,
  body: object,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await server.call(method, path, { namespace: 'a', body });
  assert.ok(answer.status < 300, `${path}: ${answer.text}`);
  return { ...answer.body.data, ...answer.body.auth };
}

async function administrator(namespace: string): Promise<string> {
  const capabilities = '["create", "read", "update", "delete", "list", "patch", "scan", "sudo"]';
  const policy = `path "*" { capabilities = ${capabilities} }`;
  await server.call('PUT', 'sys/policies/acl/all', { namespace, body: { policy } });
  const made = await server.call('POST', 'auth/token/create', { namespace, body: { policies: ['all'] } });
  return String(made.body.auth?.['client_token']);
}

async function fill(): Promise<void> {
  const metadata = { owner: mark };
  const entity = await inFirst('POST', 'identity/entity', { name: 'ada', metadata });
  ids['entity'] = String(entity['id']);
  const group = await inFirst('POST', 'identity/group', { name: 'team', metadata });
  ids['group'] = String(group['id']);
  const mounts = await server.call('GET', 'sys/auth', { namespace: 'a' });
  const userpass = { ...Object(mounts.body.data?.['userpass/']) };
  ids['mount accessor'] = String(userpass.accessor);
  const alias = await inFirst('POST', 'identity/entity-alias', {
    name: mark,
    canonical_id: entity['id'],
    mount_accessor: userpass.accessor,
  });
  ids['alias'] = String(alias['id']);
  const policy = `# ${mark}\npath "x" { capabilities = ["read"] }`;
  await inFirst('PUT', 'sys/policies/acl/firsts', { policy });
  ids['policy'] = 'firsts';
  const token = await inFirst('POST', 'auth/token/create', { policies: ['firsts'], meta: { owner: mark } });
  ids['accessor'] = String(token['accessor']);
  ids['token'] = String(token['client_token']);
  await inFirst('POST', 'auth/approle/role/firsts', { token_policies: [mark] });
  const secret = await inFirst('POST', 'auth/approle/role/firsts/secret-id', {
    metadata: JSON.stringify({ owner: mark }),
  });
  ids['secret id'] = String(secret['secret_id']);
  ids['secret id accessor'] = String(secret['secret_id_accessor']);
  await inFirst('POST', 'kv/firsts', { value: mark });
}

/** All that can be read of the first namespace, without what changes by itself. */
async function state(): Promise<string> {
  const paths = [
    `identity/entity/id/${ids['entity']}`,
    `identity/group/id/${ids['group']}`,
    `identity/entity-alias/id/${ids['alias']}`,
    'sys/policies/acl/firsts',
    'auth/approle/role/firsts',
    'kv/firsts',
    'sys/mounts',
    'sys/auth',
  ];
  const all: unknown[] = [];
  for (const path of paths) all.push((await server.call('GET', path, { namespace: 'a' })).body.data);
  for (const [path, body] of [
    ['auth/token/lookup-accessor', { accessor: ids['accessor'] }],
    ['auth/approle/role/firsts/secret-id-accessor/lookup', { secret_id_accessor: ids['secret id accessor'] }],
  ] as const) {
    const { status, body: found } = await server.call('POST', path, { namespace: 'a', body });
    all.push(status, { ...found.data, ttl: 0 });
  }
  return JSON.stringify(all);
}

/** What would take the test's own ground away. */
function isSafe({ mount, route }: DeclaredPath): boolean {
  return !(
    (mount === 'sys/' && /^namespaces\/api-lock|^(?:mounts|auth|remount)/.test(route)) ||
    (mount === 'auth/token/' && /^revoke-self/.test(route))
  );
}

test('no id of one namespace reads, changes or ends anything there when it is used in another', async () => {
  const before = await state();
  assert.ok(before.split(mark).length > 6, before);
  const paths = (await declaredPaths(server, { namespace: 'b' })).filter(isSafe);
  assert.ok(paths.length > 100, String(paths.length));
  const told: string[] = [];
  for (const path of paths) {
    for (const [kind, id] of Object.entries(ids)) {
      const body = Object.fromEntries(path.fields.map((name) => [name, id]));
      for (const method of path.methods) {
        const at = filled(path, encodeURIComponent(id));
        // A field of another type would end the request before the id is looked at.
        const texts = path.operations.find((operation) => operation.method === method)?.body ?? [];
        const only = Object.fromEntries(
          texts.filter(({ type, name }) => type === 'string' && name in body).map(({ name }) => [name, id]),
        );
        for (const sent of method === 'POST' || method === 'PATCH' ? [body, only] : [undefined]) {
          const options = { namespace: 'b', token: foreignToken, headers };
          const answer = await server.call(method, at, sent ? { ...options, body: sent } : options);
          if (answer.text.includes(mark)) told.push(`${method} ${path.mount}${path.route} with the ${kind}`);
          if (answer.status >= 500) told.push(`${method} ${at}: ${answer.status} ${answer.text}`);
        }
      }
    }
  }
  assert.deepEqual([...new Set(told)], []);
  assert.equal(await state(), before, 'something of the first namespace was changed');
  const own = await server.call('GET', 'auth/token/lookup-self', {
    namespace: 'a',
    token: String(ids['token']),
  });
  assert.notEqual(own.status, 500);
});

test('a token of one namespace is refused in a sibling and in the root namespace, on every path that asks for one', async () => {
  const token = String(ids['token']);
  const wrong: string[] = [];
  for (const namespace of ['b', '']) {
    for (const path of await declaredPaths(server, { namespace })) {
      for (const { method, access } of path.operations) {
        if (access === 'anyone') continue;
        const body = method === 'POST' || method === 'PATCH' ? { body: {} } : {};
        const answer = await server.call(method, filled(path, 'a'), { namespace, token, headers, ...body });
        if (answer.status !== (otherWords.get(`${path.mount}${path.route}`) ?? 403))
          wrong.push(`${method} ${namespace}/${path.mount}${path.route}: ${answer.status}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});
