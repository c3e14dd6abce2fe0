import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../contracts/logger.ts';
import type { StorageBackend } from '../contracts/storage.ts';
import { randomBytes } from '../crypto/random.ts';
import { plugin } from '../storage/memory/index.ts';
import { Barrier, type BarrierOptions, WrongRootKey } from './index.ts';

export async function memoryStorage(): Promise<StorageBackend> {
  return plugin.open({}, { logger: silentLogger, onFatal: (error) => assert.fail(error) });
}

async function openBarrier(options: Partial<BarrierOptions> = {}) {
  const storage = options.storage ?? (await memoryStorage());
  const rootKey = randomBytes(32);
  const barrier = new Barrier({ storage, ...options });
  await barrier.initialize(rootKey);
  await barrier.unseal(rootKey);
  return { barrier, storage, rootKey };
}

test('what was committed is read back, from memory and after another unseal from storage', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const records = barrier.records('root', 'logical/1/');
  await records.commit({
    put: [
      ['a', { n: 1 }],
      ['b/c', [true]],
    ],
    mark: ['idx/1'],
  });
  assert.deepEqual((await records.get('a'))?.value, { n: 1 });
  const second = new Barrier({ storage });
  await second.unseal(rootKey);
  const again = second.records('root', 'logical/1/');
  assert.equal(again.peek('a'), undefined);
  assert.deepEqual((await again.get('a'))?.value, { n: 1 });
  assert.deepEqual(again.peek('a')?.value, { n: 1 });
  assert.deepEqual(await again.list(''), ['a', 'b/', 'idx/']);
  assert.deepEqual(await again.scanKeys('', { limit: 10 }), ['a', 'b/c', 'idx/1']);
  assert.deepEqual(
    (await again.scan('', { limit: 10 })).map(([key, { value }]) => [key, value]),
    [
      ['a', { n: 1 }],
      ['b/c', [true]],
    ],
  );
  assert.deepEqual(
    (await again.scan('', { limit: 10, after: 'a' })).map(([key]) => key),
    ['b/c'],
  );
  assert.deepEqual(
    (await again.getMany(['b/c', 'no', 'a'])).map((stored) => stored?.value),
    [[true], undefined, { n: 1 }],
  );
});

test('a wrong root key is told apart from an altered keyring', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  barrier.seal();
  await assert.rejects(barrier.unseal(randomBytes(32)), WrongRootKey);
  const [stored] = await storage.read(['core/keyring']);
  assert(stored);
  stored[stored.length - 1]! ^= 1;
  await storage.commit({ put: [['core/keyring', stored]] });
  await assert.rejects(barrier.unseal(rootKey), { code: 'storage-corrupt' });
});
