import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Session, SessionMemory } from '../../agent/auto-auth/session.ts';
import { ServerConnection } from '../../agent/connection/server-connection.ts';
import { AgentLog } from '../../agent/log.ts';
import { SecretStore, type Wanted } from '../../agent/templates/secret-store.ts';
import { startTestServer } from '../start-server.ts';

describe("the agent's store of secrets", () => {
  it('reads what was written again when told so, and makes no token anew', async () => {
    const server = await startTestServer();
    const stopping = new AbortController();
    const tokenFile = join(server.folder, 'token');
    fs.writeFileSync(tokenFile, server.rootToken);
    const connection = new ServerConnection({
      address: server.address,
      namespace: '',
      tlsSkipVerify: false,
      retries: 1,
    });
    const log = new AgentLog('error', () => {});
    const basics = { mountPath: '', namespace: undefined, minBackoffSeconds: 1, maxBackoffSeconds: 1 };
    const method = { ...basics, exitOnError: true, type: 'token_file' as const, tokenFile };
    const session = new Session(connection, { method, sinks: [] }, log, new SessionMemory());
    const running = session.run(stopping.signal);
    const settings = { staticIntervalSeconds: 300, retries: 1, exitsOnRetryFailure: false };
    const store = new SecretStore(connection, session, settings, log, stopping.signal);
    try {
      await session.whenToken(stopping.signal);
      const read: Wanted = { kind: 'read', path: 'secret/x', data: {} };
      const made: Wanted = { kind: 'write', path: 'auth/token/create', data: { policies: 'default' } };
      await server.call('POST', 'secret/data/x', { body: { data: { k: 'a' } } });
      await Promise.all([store.load(read), store.load(made)]);
      const before = store.get(made)?.value;
      const changed = new Promise<string>((resolve) => {
        store.onChange = resolve;
      });
      await server.call('POST', 'secret/data/x', { body: { data: { k: 'b' } } });
      store.refresh(() => true);
      assert.equal(await changed, SecretStore.keyOf(read));
      // Asked for after the refresh, so that a token made anew would be there by now.
      await store.load({
        kind: 'write',
        path: 'auth/token/create',
        data: { policies: 'default', ttl: '1h' },
      });
      assert.deepEqual(store.get(made)?.value, before);
    } finally {
      stopping.abort();
      await running;
      connection.close();
      await server.stop();
    }
  });
});
