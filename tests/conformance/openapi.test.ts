import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { declaredPaths, mountEverything, type Tree, tree } from '../declared-paths.ts';
import { type CallOptions, startTestServer, type TestServer } from '../start-server.ts';

const specs = 'sys/internal/specs/openapi';

let server: TestServer;
before(async () => {
  server = await startTestServer();
  await mountEverything(server.call);
  await server.call('POST', 'sys/namespaces/ns', { body: {} });
  const mounted = await server.call('POST', 'sys/mounts/team-kv', {
    namespace: 'ns',
    body: { type: 'kv', options: { version: '2' } },
  });
  assert.equal(mounted.status, 204, mounted.text);
});
after(() => server.stop());

async function documentOf(options: CallOptions & { readonly query?: string } = {}): Promise<Tree> {
  const { status, body, text, headers } = await server.call('GET', `${specs}${options.query ?? ''}`, options);
  assert.equal(status, 200, text);
  assert.equal(headers['content-type'], 'application/json');
  return body;
}

const pathsOf = (document: Tree): string[] => Object.keys(tree(document['paths']));

function operationsOf(document: Tree): Tree[] {
  return Object.values(tree(document['paths'])).flatMap((item) =>
    ['get', 'post', 'patch', 'delete'].flatMap((verb) => {
      const operation = tree(item)[verb];
      return operation === undefined ? [] : [tree(operation)];
    }),
  );
}

async function tokenFor(policy: string): Promise<string> {
  await server.call('PUT', 'sys/policies/acl/some', { body: { policy } });
  const body = { policies: ['some'], no_default_policy: true };
  const made = await server.call('POST', 'auth/token/create', { body });
  return String(made.body.auth?.['client_token']);
}

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.0.2: of everything, with generic paths, of a namespace, of nothing, of one path', async () => {
    const help = await server.call('GET', 'secret/data/a?help=1');
    const documents: Record<string, Tree> = {
      everything: await documentOf(),
      generic: await documentOf({ query: '?generic_mount_paths=true' }),
      namespace: await documentOf({ namespace: 'ns' }),
      nothing: await documentOf({ token: null }),
      'one path': tree(help.body['openapi']),
    };
    for (const [what, document] of Object.entries(documents)) {
      assert.equal(document['openapi'], '3.0.2', what);
      const { valid, errors } = await new Validator().validate({ ...document });
      assert.ok(valid, `${what}: ${JSON.stringify(errors)}`);
    }
    assert.deepEqual(pathsOf(documents['nothing'] ?? {}), []);
    assert.deepEqual(pathsOf(documents['one path'] ?? {}), ['/data/{path}']);
  });

  test('gives every operation a summary, a tag and an id of its own', async () => {
    for (const query of ['', '?generic_mount_paths=true']) {
      const operations = operationsOf(await documentOf({ query }));
      assert.ok(operations.length > 250, String(operations.length));
      const ids = operations.map(({ operationId }) => String(operationId).toLowerCase().replace(/\W/g, ''));
      assert.equal(new Set(ids).size, ids.length);
      for (const { operationId, summary, tags } of operations) {
        assert.ok(typeof summary === 'string' && summary !== '', String(operationId));
        assert.match(String(tags), /^(?:system|auth|identity|secrets)$/, String(operationId));
      }
    }
  });

  test('tells by extensions what needs sudo, what needs no token and what a write may create', async () => {
    const paths = tree((await documentOf())['paths']);
    const extensions = (path: string) =>
      Object.keys(tree(paths[path])).filter((name) => name.startsWith('x-vault-'));
    assert.deepEqual(extensions('/sys/seal'), ['x-vault-sudo']);
    assert.deepEqual(extensions('/auth/approle/login'), ['x-vault-unauthenticated']);
    assert.deepEqual(extensions('/secret/data/{path}'), ['x-vault-createSupported']);
    assert.deepEqual(tree(tree(paths['/auth/approle/login'])['post'])['security'], []);
  });

  test('has the same with GET and with POST, whose parameters may be in the body', async () => {
    const asked = await documentOf({ query: '?generic_mount_paths=true&context=here' });
    const body = { generic_mount_paths: true, context: 'here' };
    const posted = await server.call('POST', specs, { body });
    assert.deepEqual(posted.body, asked);
    for (const { operationId } of operationsOf(asked)) assert.match(String(operationId), /-here(?:-\d+)?$/);
    const item = tree(tree(asked['paths'])['/{secret_mount_path}/data/{path}']);
    const [mount] = Array.isArray(item['parameters']) ? item['parameters'].map(tree) : [];
    assert.deepEqual(
      [mount?.['name'], mount?.['schema']],
      ['secret_mount_path', { type: 'string', default: 'secret' }],
    );
    assert.equal(tree(item['get'])['operationId'], 'kv-v2-read-data-path-here');
    assert.ok(pathsOf(asked).includes('/auth/{approle_mount_path}/login'));
    assert.ok(pathsOf(asked).includes('/auth/token/create'), 'mounted once in every namespace');
  });

  test('shows the mounts that the token may see, and without one only those that are for all to see', async () => {
    const token = await tokenFor('path "secret/data/a" { capabilities = ["read"] }');
    const seen = new Set(pathsOf(await documentOf({ token })).map((path) => path.split('/')[1]));
    assert.deepEqual([...seen], ['secret']);
    assert.deepEqual(pathsOf(await documentOf({ token: 'hvs.nonsense' })), []);
    await server.call('POST', 'sys/auth/userpass/tune', { body: { listing_visibility: 'unauth' } });
    const open = pathsOf(await documentOf({ token: null }));
    assert.ok(open.length > 0 && open.every((path) => path.startsWith('/auth/userpass/')), open.join());
    await server.call('POST', 'sys/auth/userpass/tune', { body: { listing_visibility: 'hidden' } });
  });

  test('is that of the namespace: its mounts, and no path of the root namespace', async () => {
    const paths = pathsOf(await documentOf({ namespace: 'ns' }));
    assert.ok(paths.includes('/team-kv/data/{path}') && paths.includes('/sys/mounts/{path}'));
    assert.ok(!paths.some((path) => path.startsWith('/secret/')));
    for (const path of ['/sys/seal', '/sys/init', '/sys/raw/{path}', '/sys/config/state/{what}'])
      assert.ok(!paths.includes(path), path);
    assert.ok(!pathsOf(await documentOf()).some((path) => path.includes('team-kv')));
    const token = await tokenFor('path "secret/*" { capabilities = ["read"] }');
    assert.deepEqual(pathsOf(await documentOf({ namespace: 'ns', token })), []);
  });

  test('has every path and operation that the wire contract names', async () => {
    const { paths, pending } = vaultSurface();
    const declared = (await declaredPaths(server)).map(({ mount, route, methods }) => ({
      shape: shapeOf(mount + route).replace(/\/$/, ''),
      methods,
    }));
    const missing: string[] = [];
    for (const [path, methods] of Object.entries(paths)) {
      if (Object.keys(pending).some((prefix) => path.startsWith(prefix))) continue;
      // A path of the contract may be one of many that a parameter stands for.
      const found = declared.filter(({ shape }) => matches(shape, shapeOf(path)));
      for (const method of methods)
        if (!found.some((other) => other.methods.some((have) => have === method)))
          missing.push(`${method} ${path}`);
    }
    assert.deepEqual(missing, [], 'vault-surface.json names what no path declares');
  });
});

interface VaultSurface {
  readonly paths: Readonly<Record<string, readonly string[]>>;
  /** Beginnings of paths that are not looked for yet, and why. */
  readonly pending: Readonly<Record<string, string>>;
}

function vaultSurface(): VaultSurface {
  const surface: VaultSurface = JSON.parse(
    readFileSync(join(import.meta.dirname, 'vault-surface.json'), 'utf8'),
  );
  return surface;
}

const shapeOf = (path: string): string => path.replace(/\{[^}]*\}/g, '{}');

function matches(declared: string, wanted: string): boolean {
  const parts = declared.split('/');
  const other = wanted.split('/');
  return (
    parts.length === other.length && parts.every((part, index) => part === '{}' || part === other[index])
  );
}
