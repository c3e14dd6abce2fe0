import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type DeclaredPath, declaredPaths, filled } from '../declared-paths.ts';
import { type CallOptions, startTestServer, type TestServer } from '../start-server.ts';

/** In every canary, so that one search finds them all. Looks like a secret, and like no name. */
const mark = `sk-Canary/${randomBytes(12).toString('base64url')}+`;
/**
 * Names, not secrets: what they hold is written down as what it is, as Vault does (a path of a mount, an address,
 * a file), and shown to whoever administers the server.
 */
const names: Readonly<Record<string, readonly string[]>> = {
  'sys/remount': ['from', 'to'],
  'sys/mounts/{path}': ['type', 'plugin_name'],
  'sys/auth/{path}': ['type', 'plugin_name'],
  'sys/audit/{path}': ['type'],
  // A token's metadata say who has it; Vault's audit log shows them too.
  'auth/token/create': ['meta'],
  'auth/token/create-orphan': ['meta'],
  'auth/token/create/{role_name}': ['meta'],
  'sys/capabilities': ['paths', 'path'],
  'sys/capabilities-self': ['paths', 'path'],
  'sys/capabilities-accessor': ['paths', 'path'],
  'identity/group': ['type', 'member_entity_ids', 'member_group_ids'],
  'identity/group/id/{id}': ['type', 'member_entity_ids', 'member_group_ids'],
  'identity/group/name/{name}': ['type', 'member_entity_ids', 'member_group_ids'],
  'sys/tools/hash': ['algorithm', 'urlalgorithm'],
  'sys/tools/hash/{urlalgorithm}': ['algorithm'],
};

let server: TestServer;
let audited: string;
let count = 0;
/** Canary → where it went. */
const sent = new Map<string, string>();
/** Failures whose text holds a canary. */
const repeated: string[] = [];
before(async () => {
  server = await startTestServer({ storage: 'sqlite' });
  const folder = join(server.folder, 'audit');
  mkdirSync(folder);
  audited = join(folder, 'audit.log');
  const enabled = await server.call('PUT', 'sys/audit/file', {
    body: { type: 'file', options: { file_path: audited } },
  });
  assert.equal(enabled.status, 204, enabled.text);
  await server.call('POST', 'sys/mounts/kv1', { body: { type: 'kv' } });
  await server.call('POST', 'sys/auth/approle', { body: { type: 'approle' } });
});
after(() => server.stop());

function canary(where: string): string {
  const value = `${mark}${++count}_`;
  sent.set(value, where);
  return value;
}

/** The places in `text` where a canary can be read, in clear or in one of the encodings that logs use. */
function leaksIn(text: string): string[] {
  const spellings = [mark, mark.replaceAll('/', '\\/'), encodeURIComponent(mark), hex(mark), base64(mark)];
  const found: string[] = [];
  for (const spelling of spellings) {
    for (let at = text.indexOf(spelling); at >= 0; at = text.indexOf(spelling, at + 1)) {
      const shown = text.slice(at, at + spelling.length + 8);
      const known = [...sent].find(([value]) => shown.startsWith(value));
      found.push(`${known?.[1] ?? 'unknown'} in …${text.slice(Math.max(0, at - 200), at + 60)}`);
    }
  }
  return found;
}

const hex = (text: string): string => Buffer.from(text).toString('hex');
/** Without the end, which depends on what follows. */
const base64 = (text: string): string => Buffer.from(text).toString('base64').slice(0, 24);

/** Sends one request whose answer, when it is a failure, must not repeat the canary. */
async function send(method: string, path: string, options: CallOptions): Promise<void> {
  const answer = await server.call(method, path, options);
  assert.ok(answer.status < 500, `${method} ${path}: ${answer.text}`);
  // A client of the OIDC provider must get its `state` back with the error (RFC 6749 section 4.1.2.1).
  const own = /\/authorize(?:\?|$)/.test(path) ? answer.text.replace(/"state":"[^"]*"/, '') : answer.text;
  if (answer.status >= 400) repeated.push(...leaksIn(own));
}

function isLasting({ mount, route }: DeclaredPath): boolean {
  const path = mount + route;
  return /^sys\/(?:seal|step-down|namespaces\/api-lock|loggers)|revoke-self|^sys\/(?:mounts|auth)\/\{path\}$/.test(
    path,
  );
}

describe('a secret in any field of any request', () => {
  test('is taken by every declared path in every field, and by fields nobody declared', async () => {
    const paths = await declaredPaths(server);
    assert.ok(paths.length > 60);
    for (const path of paths) {
      for (const method of path.methods) {
        if (method === 'DELETE' && isLasting(path)) continue;
        if (isLasting(path) && /seal|step-down|api-lock|loggers|revoke-self/.test(path.route)) continue;
        const route = `${path.mount}${path.route}`;
        const fields = path.fields.filter((name) => !names[route]?.includes(name));
        const at = filled(path, `p${count}`);
        const headers = { 'Content-Type': 'application/merge-patch+json' };
        for (const field of [...fields, 'undeclared']) {
          const where = `${method} ${route} ${field}`;
          const secret = () => canary(where);
          for (const value of [secret(), [secret()], { a: secret() }, { a: [{ b: secret() }] }])
            await send(method, at, { headers, body: { [field]: value } });
          if (method === 'GET' || method === 'LIST') {
            await send(method, `${at}?${field}=${encodeURIComponent(secret())}`, {});
          }
        }
        const whole = Object.fromEntries(
          fields.map((name) => [name, canary(`${method} ${route} all of it`)]),
        );
        await send(method, at, { headers, body: whole });
        await send(method, at, { headers, body: whole, token: null });
      }
    }
  });

  test('is stored, read, patched, wrapped and unwrapped', async () => {
    const secret = canary('a stored secret');
    const body = { data: { key: secret, nested: { list: [secret] } } };
    await send('POST', 'secret/data/kept', { body });
    await send('POST', 'kv1/kept', { body });
    await send('POST', 'cubbyhole/kept', { body });
    const read = await server.call('GET', 'secret/data/kept');
    assert.ok(read.text.includes(secret));
    const wrapped = await server.call('GET', 'secret/data/kept', { headers: { 'X-Vault-Wrap-TTL': '5m' } });
    const token = String(wrapped.body.wrap_info?.['token']);
    const unwrapped = await server.call('POST', 'sys/wrapping/unwrap', { body: { token } });
    assert.ok(unwrapped.text.includes(secret));
    await send('PUT', 'sys/policies/acl/kept', {
      body: { policy: `# ${secret}\npath "x" { capabilities = ["read"] }` },
    });
  });

  test('is sent malformed: cut off, broken, too deep, in a form, in headers, as a token, in no known path', async () => {
    const secret = () => canary('a malformed request');
    for (const path of ['secret/data/m', 'kv1/m', 'auth/token/create', 'sys/policies/acl/m', 'nowhere/m']) {
      const bodies = [
        `{"data":{"a":"${secret()}`,
        `{"data":{"a":"${secret()}"}`,
        `{"data":{"a":"${secret()}"}} x`,
        `{"data":${secret()}}`,
        `["${secret()}"]`,
        `"${secret()}"`,
        secret(),
        `a=${encodeURIComponent(secret())}&b`,
        `{"a":${'['.repeat(2000)}"${secret()}"`,
        Buffer.concat([
          Buffer.from(`{"data":{"a":"${secret()}`),
          Buffer.from([0xff, 0xfe]),
          Buffer.from('"}}'),
        ]),
      ];
      for (const body of bodies) {
        for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain'])
          await send('POST', path, { body, headers: { 'Content-Type': type } });
        await send('PATCH', path, { body, headers: { 'Content-Type': 'application/merge-patch+json' } });
        await send('DELETE', path, { body });
      }
      await send('POST', path, { token: secret(), body: {} });
      await send('POST', path, { token: null, headers: { Authorization: `Bearer ${secret()}` }, body: {} });
      await send('POST', path, { token: `hvb.${secret()}`, body: {} });
      await send('GET', path, { headers: { 'X-Vault-Wrap-TTL': secret() } });
      await send('GET', path, {
        headers: { Cookie: secret(), 'X-Api-Key': secret(), 'X-Vault-MFA': secret() },
      });
      await send('PATCH', path, { headers: { 'Content-Type': secret() }, body: {} });
    }
  });

  test('then is repeated by no error', () => {
    assert.deepEqual([...new Set(repeated)].slice(0, 40), []);
  });

  test('then stands in no log, no audit line and no file, in clear or encoded', async () => {
    assert.ok(sent.size > 2000, `only ${sent.size} canaries were sent`);
    assert.deepEqual(leaksIn(server.logText()), [], 'the log');
    const lines = readFileSync(audited, 'utf8');
    assert.ok(lines.split('\n').length > 4000, 'the audit log was written');
    assert.deepEqual(leaksIn(lines).slice(0, 40), [], 'the audit log');
    const files = readdirSync(server.folder, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    assert.ok(files.length >= 2);
    for (const { parentPath, name } of files)
      assert.deepEqual(leaksIn(readFileSync(join(parentPath, name), 'latin1')).slice(0, 3), [], name);
  });
});
