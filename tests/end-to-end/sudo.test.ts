import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestServer } from '../start-server.ts';

/** Vault's list of paths that need sudo, as far as they are here. */
const protectedPaths: readonly (readonly [method: string, path: string])[] = [
  ['GET', 'sys/audit'],
  ['PUT', 'sys/audit/x'],
  ['DELETE', 'sys/audit/x'],
  ['GET', 'sys/auth/token'],
  ['POST', 'sys/auth/x'],
  ['DELETE', 'sys/auth/x'],
  ['GET', 'sys/auth/token/tune'],
  ['POST', 'sys/auth/token/tune'],
  ['GET', 'sys/config/auditing/request-headers'],
  ['GET', 'sys/config/auditing/request-headers/x'],
  ['PUT', 'sys/config/auditing/request-headers/x'],
  ['DELETE', 'sys/config/auditing/request-headers/x'],
  ['GET', 'sys/config/cors'],
  ['PUT', 'sys/config/cors'],
  ['DELETE', 'sys/config/cors'],
  ['LIST', 'sys/config/ui/headers'],
  ['GET', 'sys/config/ui/headers/x'],
  ['PUT', 'sys/config/ui/headers/x'],
  ['GET', 'sys/internal/inspect/router/root'],
  ['LIST', 'sys/leases/lookup'],
  ['LIST', 'sys/leases/lookup/secret'],
  ['PUT', 'sys/leases/revoke-force/secret'],
  ['PUT', 'sys/leases/revoke-prefix/secret'],
  ['PUT', 'sys/revoke-force/secret'],
  ['PUT', 'sys/revoke-prefix/secret'],
  ['PUT', 'sys/leases/tidy'],
  ['PUT', 'sys/plugins/catalog/secret/x'],
  ['DELETE', 'sys/plugins/catalog/secret/x'],
  ['LIST', 'sys/raw'],
  ['GET', 'sys/raw/n'],
  ['PUT', 'sys/raw/n/root/x'],
  ['DELETE', 'sys/raw/n/root/x'],
  ['PUT', 'sys/remount'],
  ['PUT', 'sys/rotate'],
  ['PUT', 'sys/rotate/root'],
  ['PUT', 'sys/rotate/root/init'],
  ['PUT', 'sys/seal'],
  ['PUT', 'sys/step-down'],
  ['GET', 'sys/monitor'],
  ['GET', 'sys/pprof/heap'],
  ['LIST', 'auth/token/accessors'],
  ['PUT', 'auth/token/revoke-orphan'],
];

test('what Vault guards with sudo is refused to a token that may do everything else', async () => {
  const server = await startTestServer({
    configuration: { raw_storage_endpoint: true, introspection_endpoint: true },
  });
  try {
    const policy =
      'path "*" { capabilities = ["create", "read", "update", "delete", "list", "patch", "scan"] }';
    await server.call('PUT', 'sys/policies/acl/everything', { body: { policy } });
    const made = await server.call('POST', 'auth/token/create', { body: { policies: ['everything'] } });
    const token = String(made.body.auth?.['client_token']);
    for (const [method, path] of protectedPaths) {
      const body = method === 'PUT' || method === 'POST' ? { body: {} } : {};
      const { status } = await server.call(method, path, { token, ...body });
      assert.equal(status, 403, `${method} ${path}`);
    }
    const own = await server.call('GET', 'auth/token/lookup-self', { token });
    assert.equal(own.status, 200, 'the token is as good as before');
  } finally {
    await server.stop();
  }
});
