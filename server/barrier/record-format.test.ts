import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { randomKey } from '../crypto/random.ts';
import { openRecord, parseHeader, recordOverheadBytes, sealRecord } from './record-format.ts';

const place = { namespaceId: 'root', storageKey: 'n/root/a' };
const corrupt = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'storage-corrupt' &&
  error.message.includes(place.storageKey);

function open(key: ReturnType<typeof randomKey>, record: Uint8Array, at = place): Buffer {
  const header = parseHeader(record, at.storageKey);
  assert.equal(header.kind, 'encrypted');
  return openRecord(key, at, record);
}

test('a record opens to what was sealed, and says which key it needs', () => {
  const key = randomKey();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 0, max: 0xffffffff }),
      (plain, keyId) => {
        const record = sealRecord(key, keyId, place, plain);
        assert.equal(record.length, plain.length + recordOverheadBytes);
        assert.deepEqual(parseHeader(record, place.storageKey), { kind: 'encrypted', keyId });
        assert.deepEqual(Uint8Array.from(open(key, record)), plain);
      },
    ),
  );
});

test('a record with any byte changed, cut off or added is refused by a sentence that names its key', () => {
  const key = randomKey();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.uint8Array({ minLength: 1, maxLength: 5 }),
      (plain, position, mask, tail) => {
        const record = sealRecord(key, 7, place, plain);
        const altered = Uint8Array.from(record);
        altered[position % altered.length]! ^= mask;
        // Format 0 is the plaintext form, which has an authority of its own and is not opened here.
        if (altered[0] !== 0) assert.throws(() => open(key, altered), corrupt);
        assert.throws(() => open(key, record.subarray(0, Math.max(1, position % record.length))), corrupt);
        assert.throws(() => open(key, Buffer.concat([record, tail])), corrupt);
      },
    ),
    { numRuns: 500 },
  );
  assert.throws(() => parseHeader(new Uint8Array(0), place.storageKey), corrupt);
});

test('a record that was moved to another key or namespace is refused, however the two are cut', () => {
  const key = randomKey();
  const record = sealRecord(key, 1, { namespaceId: 'ab', storageKey: 'cd' }, Buffer.from('x'));
  for (const [namespaceId, storageKey] of [
    ['ab', 'ce'],
    ['ac', 'cd'],
    ['a', 'bcd'],
    ['abc', 'd'],
    ['', 'abcd'],
    ['abcd', ''],
  ] as const) {
    assert.throws(() => open(key, record, { namespaceId, storageKey }), { code: 'storage-corrupt' });
  }
});

test('nonces do not repeat', () => {
  const key = randomKey();
  const nonces = new Set<string>();
  for (let count = 0; count < 1000; count++) {
    nonces.add(Buffer.from(sealRecord(key, 1, place, Buffer.from('same')).subarray(6, 18)).toString('hex'));
  }
  assert.equal(nonces.size, 1000);
});
