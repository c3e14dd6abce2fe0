import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { MemoryRecords } from '../../contracts/conformance/memory-records.ts';
import type { Caller } from '../../contracts/request.ts';
import { plugin } from './index.ts';

const token = (records: MemoryRecords, tokenHandle: string, caller: Partial<Caller> = {}) =>
  engineHarness(plugin, { records, caller: { tokenHandle, ...caller } });

describe('cubbyhole', () => {
  test('keeps any fields of a token, lists folders, and forgets what is deleted', async () => {
    const own = await token(new MemoryRecords(), 'a1');
    assert.equal(await own.call('write', 'a', { x: 1, ttl: '1h' }), undefined);
    await own.call('write', 'f/b', { y: { z: null } });
    const reply = await own.call('read', 'a');
    assert.deepEqual(reply, { data: { x: 1, ttl: '1h' } });
    assert.equal(await own.call('read', 'a'), reply);
    assert.deepEqual(await own.call('list', ''), { data: { keys: ['a', 'f/'] } });
    assert.deepEqual(await own.call('list', 'f'), { data: { keys: ['b'] } });
    assert.equal(await own.call('delete', 'a'), undefined);
    assert.equal(await own.call('delete', 'a'), undefined);
    assert.equal(await own.call('read', 'a'), undefined);
    assert.equal(await own.call('list', 'none'), undefined);
    assert.equal(await own.call('read', ''), undefined);
  });

  test('a token sees nothing of another, not even of one whose handle begins with its own', async () => {
    const records = new MemoryRecords();
    const [one, other] = [await token(records, 'ab'), await token(records, 'abc')];
    await other.call('write', 'x', { secret: 'of the other' });
    assert.equal(await one.call('read', 'x'), undefined);
    assert.equal(await one.call('list', ''), undefined);
    await one.call('delete', 'x');
    await one.engine.tokenEnded?.('ab');
    assert.deepEqual((await other.call('read', 'x'))?.data, { secret: 'of the other' });
  });

  test('all of a token goes when it ends, however much it is, and the rest stays', async () => {
    const records = new MemoryRecords();
    const [one, other] = [await token(records, 't1'), await token(records, 't2')];
    await Promise.all(Array.from({ length: 600 }, (_, n) => one.call('write', `d/${n}`, { n })));
    await other.call('write', 'kept', { n: 1 });
    await one.engine.tokenEnded?.('t1');
    assert.deepEqual(records.keys, ['t2/kept']);
    await one.engine.tokenEnded?.('t1');
  });

  test('callers without a token and batch tokens are refused in every operation', async () => {
    const records = new MemoryRecords();
    const nobody = await token(records, '', { tokenType: 'none' });
    const batch = await token(records, 'b', { tokenType: 'batch' });
    for (const operation of ['read', 'write', 'list', 'delete'] as const) {
      await assert.rejects(nobody.call(operation, 'a', { x: 1 }), { code: 'permission-denied' });
      await assert.rejects(batch.call(operation, 'a', { x: 1 }), {
        status: 400,
        message: 'cubbyhole operations are only supported by "service" type tokens',
      });
    }
    assert.deepEqual(records.keys, []);
  });

  test('a handle that would reach other shelves is refused', async () => {
    const records = new MemoryRecords();
    for (const handle of ['a/b', '../a', 'a b']) {
      await assert.rejects((await token(records, handle)).call('read', 'x'), { code: 'internal' });
    }
    await assert.rejects(async () => (await token(records, 'x')).engine.tokenEnded?.(''), {
      code: 'internal',
    });
  });

  test('a write without a path or without fields is refused', async () => {
    const own = await token(new MemoryRecords(), 'a1');
    await assert.rejects(own.call('write', '', { x: 1 }), { status: 400, message: 'missing path' });
    await assert.rejects(own.call('write', 'a', {}), { status: 400, message: 'missing data fields' });
  });
});
