import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBarrier, openMemoryStorage } from './barrier-harness.ts';

const row = (json: string) => Buffer.concat([Buffer.of(0), Buffer.from(json)]);

async function withRow(json: string, acceptPlaintextRecords: boolean) {
  const storage = await openMemoryStorage();
  const opened = await openBarrier({ storage, acceptPlaintextRecords });
  await storage.commit({ put: [['n/root/x/old', row(json)]] });
  return { ...opened, records: opened.barrier.records('root', 'x/') };
}

test('a plaintext row is refused by name unless the server was told to accept it', async () => {
  const { records, barrier } = await withRow('{"api_key":"canary"}', false);
  const refused = (error: unknown) =>
    error instanceof Error && /n\/root\/x\/old/.test(error.message) && !`${error.stack}`.includes('canary');
  await assert.rejects(records.get('old'), refused);
  await assert.rejects(records.scan('', { limit: 5 }), refused);
  assert.equal((await barrier.reencrypt()).refused, 1);
});

test('an accepted plaintext row is read, and encrypted by its next write', async () => {
  const { records, storage } = await withRow('{"big":12345678901234567890}', true);
  const stored = await records.get<{ big: unknown }>('old');
  assert.equal(JSON.stringify(stored?.value), '{"big":12345678901234567890}');
  await records.commit({ expect: [{ key: 'old', stored }], put: [['old', stored?.value]] });
  const [after] = await storage.read(['n/root/x/old']);
  assert.equal(after?.[0], 1);
  assert(!Buffer.from(after ?? []).includes('12345'));
  assert.equal(JSON.stringify((await records.get('old'))?.value), '{"big":12345678901234567890}');
});

test('the job that re-encrypts also encrypts accepted plaintext rows', async () => {
  const { barrier, records, storage } = await withRow('"v"', true);
  assert.equal((await barrier.reencrypt()).reencrypted, 1);
  const [after] = await storage.read(['n/root/x/old']);
  assert.equal(after?.[0], 1);
  assert.equal((await records.get('old'))?.value, 'v');
});

test('a plaintext row that is not JSON, or too deep, is refused even when accepted', async () => {
  for (const json of ['', '{', '['.repeat(5000) + ']'.repeat(5000)]) {
    const { records } = await withRow(json, true);
    await assert.rejects(records.get('old'), { code: 'storage-corrupt' });
  }
});
