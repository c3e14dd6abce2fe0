import assert from 'node:assert/strict';
import { type CallOptions, startTestServer, type TestServer } from '../start-server.ts';

export interface User {
  readonly token: string;
  readonly entityId: string;
}

/** A server with userpass at its root and users who may ask for identity tokens and sign in to clients. */
export async function openOidcWorld(): Promise<{
  server: TestServer;
  write(path: string, body: object, options?: CallOptions): Promise<void>;
  read(path: string, options?: CallOptions): Promise<Readonly<Record<string, unknown>>>;
  user(name: string, namespace?: string): Promise<User>;
}> {
  const server = await startTestServer();
  const write = async (path: string, body: object, options: CallOptions = {}) => {
    const answer = await server.call('POST', path, { body, ...options });
    assert.ok(answer.status === 200 || answer.status === 204, `${path}: ${answer.status} ${answer.text}`);
  };
  const prepared = new Set<string>();
  return {
    server,
    write,
    async read(path, options = {}) {
      const answer = await server.call('GET', path, options);
      assert.equal(answer.status, 200, `${path}: ${answer.text}`);
      return answer.body.data ?? {};
    },
    async user(name, namespace = '') {
      const at = namespace === '' ? {} : { namespace };
      if (!prepared.has(namespace)) {
        prepared.add(namespace);
        await write('sys/auth/userpass', { type: 'userpass' }, at);
        const policy = 'path "identity/oidc/token/*" { capabilities = ["read"] }';
        await write('sys/policies/acl/tokens', { policy }, at);
      }
      await write(`auth/userpass/users/${name}`, { password: 'pw', token_policies: 'tokens' }, at);
      const login = await server.call('POST', `auth/userpass/login/${name}`, {
        ...at,
        token: null,
        body: { password: 'pw' },
      });
      assert.equal(login.status, 200, login.text);
      return {
        token: String(login.body.auth?.['client_token']),
        entityId: String(login.body.auth?.['entity_id']),
      };
    },
  };
}
