import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineHarness } from '../../contracts/conformance/engine-harness.ts';
import type { EngineEvent } from '../../contracts/events.ts';
import { plugin } from './index.ts';

async function harness(version: string) {
  const events: EngineEvent[] = [];
  const kit = await engineHarness(plugin, {
    options: { version },
    events: { isHeard: true, publish: (event) => void events.push(event) },
  });
  return { ...kit, types: () => events.map(({ type }) => type), events };
}

test('only what changed something is told, and what failed is not', async () => {
  const { call, types } = await harness('2');
  await call('delete', 'data/nothing');
  await call('write', 'undelete/nothing', { versions: [1] });
  await call('delete', 'metadata/nothing');
  await assert.rejects(call('write', 'data/a', { data: { v: 1 }, options: { cas: 7 } }));
  await assert.rejects(call('patch', 'data/a', { data: { v: 1 } }));
  assert.deepEqual(types(), []);
  await call('write', 'data/a', { data: { v: 1 } });
  await call('write', 'undelete/a', { versions: [1] });
  await call('read', 'data/a');
  assert.deepEqual(types(), ['kv-v2/data-write']);
});

test('an event is told after the commit, and not when there was none', async () => {
  const { call, records, events } = await harness('1');
  await call('write', 'a', { v: 'x' });
  assert.deepEqual(events, [{ type: 'kv-v1/write', path: 'a', dataPath: 'a' }]);
  const commit = records.commit.bind(records);
  records.commit = async () => {
    throw new Error('the disk is full');
  };
  await assert.rejects(call('write', 'b', { v: 'x' }), /disk is full/);
  records.commit = commit;
  assert.equal(events.length, 1);
});
