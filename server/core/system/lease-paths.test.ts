import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openMemoryStorage } from '../../barrier/barrier-harness.ts';
import { callOf } from '../../contracts/conformance/engine-harness.ts';
import { silentLogger } from '../../contracts/logger.ts';
import type { Operation, Reply } from '../../contracts/request.ts';
import { randomBytes } from '../../crypto/random.ts';
import { PathMatcher } from '../router/path-matcher.ts';
import { openTokens } from '../tokens/tokens-harness.ts';
import { leasePaths } from './lease-paths.ts';

const root = { id: 'root', path: '' };

async function open() {
  const kit = await openTokens({ storage: await openMemoryStorage(), rootKey: randomBytes(32) });
  const paths = new PathMatcher(leasePaths(kit.leases, kit.store.revocation, kit.expiry, silentLogger));
  return {
    ...kit,
    call(
      operation: Operation,
      path: string,
      data: Readonly<Record<string, unknown>> = {},
      namespace: { readonly id: string; readonly path: string } = root,
    ): Promise<Reply | undefined> {
      const found = paths.find(path);
      if (!found) throw new Error(`no such path: ${path}`);
      const { operations } = found.target;
      const declared = operations[operation] ?? operations.write;
      if (!declared) throw new Error(`no ${operation} at ${path}`);
      return declared.handler({
        ...callOf(operation, path, found.target, found.parameters, data),
        namespace,
      });
    },
  };
}

describe('sys/leases', () => {
  test('shows a lease’s times, renews it, and ends it, by today’s and by yesterday’s paths', async () => {
    for (const [renew, revoke] of [
      ['leases/renew', 'leases/revoke'],
      ['renew', 'revoke'],
    ] as const) {
      const kit = await open();
      const id = await kit.lease('a');
      const shown = (await kit.call('update', 'leases/lookup', { lease_id: id }))?.data;
      assert.deepEqual(shown, {
        id,
        path: 'creds/app',
        issue_time: new Date(kit.clock.now()).toISOString(),
        expire_time: new Date(kit.clock.now() + 600_000).toISOString(),
        last_renewal: null,
        renewable: true,
        ttl: 600,
      });
      const most = await kit.call('update', renew, { lease_id: id, increment: 360_000 });
      assert.deepEqual(most?.renewed, { id, ttlSeconds: 3600, renewable: true });
      assert.equal(most?.warnings?.length, 1);
      assert.equal((await kit.call('update', `${renew}/${id}`, {}))?.renewed?.ttlSeconds, 600);
      assert.deepEqual((await kit.call('list', 'leases/lookup'))?.data, { keys: ['creds/'] });
      assert.deepEqual((await kit.call('list', 'leases/lookup/creds'))?.data, { keys: ['app/'] });
      assert.equal(await kit.call('update', revoke, { lease_id: id, sync: true }), undefined);
      assert.deepEqual(kit.engine.revoked, ['a']);
      const other = await kit.lease('b');
      assert.deepEqual(await kit.call('update', `${revoke}/${other}`, { sync: false }), { status: 202 });
      assert.equal(await kit.leases.find(root, other), undefined);
      assert.deepEqual(kit.engine.revoked, ['a'], 'the background does it');
      await kit.expiry.runOnce();
      assert.deepEqual(kit.engine.revoked, ['a', 'b']);
    }
  });

  test('a lease id of one namespace does nothing in another, on any path', async () => {
    const kit = await open();
    const team = await kit.addNamespace('teamaa', 'team/');
    const other = await kit.addNamespace('otheraa', 'other/');
    const id = await kit.lease('a', undefined, team);
    const inRoot = await kit.lease('b');
    for (const [lease, where] of [
      [id, other],
      [inRoot, team],
      [id.replace('teamaa', 'otheraa'), other],
      [id.replace('.teamaa', ''), team],
    ] as const) {
      const data = { lease_id: lease };
      await assert.rejects(kit.call('update', 'leases/lookup', data, where), { message: 'invalid lease' });
      for (const path of ['leases/renew', 'renew', `renew/${lease}`, `leases/renew/${lease}`])
        await assert.rejects(kit.call('update', path, data, where), { message: 'lease not found' });
      for (const path of ['leases/revoke', 'revoke', `revoke/${lease}`, `leases/revoke/${lease}`])
        await kit.call('update', path, { ...data, sync: true }, where);
    }
    for (const kind of ['revoke-prefix', 'revoke-force'])
      for (const prefix of ['', 'leases/'])
        await kit.call('update', `${prefix}${kind}/creds`, { sync: true }, other);
    assert.deepEqual((await kit.call('list', 'leases/lookup', {}, other))?.data, { keys: [] });
    assert.deepEqual((await kit.call('read', 'leases/count', {}, other))?.data, {
      lease_count: 0,
      counts: {},
    });
    assert.deepEqual(kit.engine.revoked, []);
    assert.ok(await kit.leases.find(team, id));
    await kit.call('update', 'leases/revoke', { lease_id: id, sync: true }, root);
    assert.deepEqual(kit.engine.revoked, ['a'], 'from above it is reached');
  });

  test('counts by mount, and lists what could not be taken back', async () => {
    const kit = await open();
    await kit.lease('a');
    const id = await kit.lease('b');
    kit.engine.beforeRevoke = async () => {
      throw new Error('away');
    };
    await assert.rejects(kit.call('update', 'leases/revoke', { lease_id: id, sync: true }), { status: 400 });
    const { accessor } = kit.mount.entry;
    assert.deepEqual((await kit.call('read', 'leases/count'))?.data, {
      lease_count: 2,
      counts: { [accessor]: 2 },
    });
    assert.deepEqual((await kit.call('read', 'leases/count', { type: 'irrevocable' }))?.data, {
      lease_count: 1,
      counts: { [accessor]: 1 },
    });
    assert.deepEqual((await kit.call('read', 'leases'))?.data, {
      lease_count: 1,
      leases: [{ lease_id: id, error: 'away' }],
    });
    await kit.call('update', 'leases/revoke-force/creds/app');
    assert.deepEqual((await kit.call('read', 'leases/count'))?.data, { lease_count: 0, counts: {} });
  });
});
