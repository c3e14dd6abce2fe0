import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Barrier } from '../../server/barrier/index.ts';
import { buildCore, type Core } from '../../server/build-core.ts';
import type { AuditDevicePlugin } from '../../server/contracts/audit-device.ts';
import type { AuthMethodPlugin } from '../../server/contracts/auth-method.ts';
import { ManualClock } from '../../server/contracts/clock.ts';
import { silentLogger } from '../../server/contracts/logger.ts';
import { definePath } from '../../server/contracts/paths.ts';
import type { JsonObject } from '../../server/contracts/request.ts';
import type { SealPlugin } from '../../server/contracts/seal.ts';
import type { SecretsEnginePlugin } from '../../server/contracts/secrets-engine.ts';
import type { StoragePlugin } from '../../server/contracts/storage.ts';
import { CountedStorage } from '../../server/core/metrics/counted-storage.ts';
import { loadPlugins } from '../../server/load-plugins.ts';
import { readConfiguration } from '../../server/start-up/configuration/read-configuration.ts';
import { knownPlugins } from '../../server/start-up/known-plugins.ts';

/** Accounts that exist while their lease does. */
const accounts = new Set<string>();
let made = 0;
const accountsPlugin: SecretsEnginePlugin = {
  type: 'accounts',
  description: 'accounts in memory',
  create: async () => ({
    paths: [
      definePath({
        pattern: 'creds/{role}',
        fields: { role: { type: 'string', description: 'Role', required: true } },
        help: { synopsis: 'An account.', description: 'New for every read.' },
        operations: {
          read: {
            summary: 'Make an account',
            async handler() {
              const name = `account-${++made}`;
              accounts.add(name);
              return { data: { name }, lease: { ttlSeconds: 600, renewable: true, internal: { name } } };
            },
          },
        },
      }),
    ],
    revoke: async ({ internal }) => void accounts.delete(String(internal['name'])),
  }),
};

const clock = new ManualClock();
let core: Core;
let storage: CountedStorage;
let rootToken: string;
before(async () => {
  const configuration = readConfiguration({
    texts: [
      {
        name: 'the test',
        text: '{"storage":{"inmem":{}},"listener":{"tcp":{"address":"127.0.0.1:0","tls_disable":true}}}',
      },
    ],
    paths: [],
    environment: {},
    plugins: knownPlugins(),
  });
  const logger = silentLogger;
  const memory = (await loadPlugins<StoragePlugin>('storage')).get('memory');
  const shamir = (await loadPlugins<SealPlugin>('seals')).get('shamir');
  assert.ok(memory && shamir);
  storage = new CountedStorage(await memory.open({}, { logger, onFatal: assert.fail }));
  const barrier = new Barrier({ storage, clock, exclusiveStore: true });
  core = buildCore({
    configuration,
    storage,
    barrier,
    seal: await shamir.open({}, { environment: {}, logger }),
    retiredSeals: [],
    engines: new Map([...(await loadPlugins<SecretsEnginePlugin>('engines')), ['accounts', accountsPlugin]]),
    authMethods: await loadPlugins<AuthMethodPlugin>('auth-methods'),
    auditDevices: await loadPlugins<AuditDevicePlugin>('audit-devices'),
    clock,
    logger,
    programFolders: [],
  });
  await core.start();
  const result = await core.lifecycle.init({ unseal: { shares: 1, threshold: 1, pgpKeys: [] } });
  rootToken = result.rootToken;
  const [share] = result.keys?.bytes ?? [];
  assert.ok(share);
  await core.lifecycle.submitShare(Buffer.from(share).toString('base64'), { migrate: false });
});
after(async () => {
  await core.stop();
  await storage.close();
});

async function run(operation: 'read' | 'write', path: string, data: JsonObject = {}) {
  const { exchange, error } = await core.pipeline.run({
    id: crypto.randomUUID(),
    timeMs: clock.now(),
    operation,
    namespaceHeader: '',
    path,
    token: rootToken,
    data,
    wrapTtlSeconds: 0,
    remoteAddress: '127.0.0.1',
    remotePort: 1,
    clientCertificates: [],
    headers: {},
  });
  return { status: error?.status ?? 200, data: exchange.reply?.data, leaseId: exchange.lease?.id };
}

test('a secret beyond a lease-count quota is taken back at once, and there is room again when a lease ends', async () => {
  assert.equal((await run('write', 'sys/mounts/accounts', { type: 'accounts' })).status, 200);
  const first = await run('read', 'accounts/creds/web');
  await run('write', 'sys/quotas/lease-count/few', { max_leases: 3, path: 'accounts' });
  assert.deepEqual(
    [(await run('read', 'accounts/creds/web')).status, (await run('read', 'accounts/creds/db')).status],
    [200, 200],
  );
  assert.equal(accounts.size, 3);
  assert.equal((await run('read', 'accounts/creds/web')).status, 429);
  assert.equal(made, 4, 'the engine had made it');
  assert.equal(accounts.size, 3, 'and it is gone again');
  assert.equal((await run('read', 'sys/quotas/lease-count/few')).data?.['counter'], 3);
  await run('write', 'sys/leases/revoke', { lease_id: first.leaseId ?? '' });
  clock.advance(120_000);
  assert.equal((await run('read', 'accounts/creds/web')).status, 200);
  assert.equal((await run('read', 'accounts/creds/web')).status, 429);
  assert.equal(accounts.size, 3);
});

test('a change of one quota leaves the counts of the others as they are', async () => {
  await run('write', 'sys/quotas/rate-limit/slow', { rate: 1, path: 'cubbyhole/', interval: 600 });
  assert.equal((await run('read', 'cubbyhole/x')).status, 200);
  assert.equal((await run('read', 'cubbyhole/x')).status, 429);
  await run('write', 'sys/quotas/rate-limit/other', { rate: 5, path: 'identity-of-none/*' });
  await run('write', 'sys/quotas/rate-limit/other', { rate: 5, path: 'accounts/creds/*' });
  assert.equal((await run('read', 'cubbyhole/x')).status, 429, 'nobody gets a new interval by it');
  await run('write', 'sys/quotas/rate-limit/slow', { rate: 2, path: 'cubbyhole/', interval: 600 });
  assert.equal((await run('read', 'cubbyhole/x')).status, 200, 'but by a change of that very quota');
});
