import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryRecords } from '../../contracts/conformance/memory-records.ts';
import { Namespaces, rootNamespace } from './namespaces.ts';

describe('namespaces', () => {
  test('one whose random id is taken gets another, and touches nothing of who has it', async () => {
    const told: string[] = [];
    const ids = ['aaaaaa', 'aaaaaa', 'aaaaaa', 'bbbbbb'];
    const hooks = {
      isTaken: async () => false,
      created: async ({ id }: { id: string }) => void told.push(`created ${id}`),
      removing: async ({ id }: { id: string }) => void told.push(`removing ${id}`),
    };
    const namespaces = new Namespaces(new MemoryRecords(), hooks, () => ids.shift() ?? '');
    await namespaces.create(rootNamespace, 'one', {});
    const two = await namespaces.create(rootNamespace, 'two', {});
    assert.equal(two.id, 'bbbbbb');
    assert.equal((await namespaces.byId('aaaaaa'))?.path, 'one/');
    assert.deepEqual(told, ['created aaaaaa', 'created bbbbbb']);
  });
});
