import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openMemoryStorage } from '../../barrier/barrier-harness.ts';
import { ManualClock } from '../../contracts/clock.ts';
import { engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { randomBytes } from '../../crypto/random.ts';
import { openTokens } from '../tokens/tokens-harness.ts';
import { EventBus } from './event-bus.ts';
import { eventFilter } from './event-filter.ts';
import { matchesGlob } from './glob.ts';
import type { PublishedEvent } from './published-event.ts';
import { protobufEvent } from './render-event.ts';

const root = { id: 'root', path: '' };

describe('events of leases', () => {
  test('tell of each lease that is made, renewed, and taken back, however it ended', async () => {
    const clock = new ManualClock();
    const bus = new EventBus(clock);
    const seen: string[] = [];
    bus.listen(({ type, metadata, plugin, accessPath }) =>
      seen.push(`${type} ${metadata['path']} ${accessPath} ${plugin?.mountClass}`),
    );
    const kit = await openTokens({
      storage: await openMemoryStorage(),
      rootKey: randomBytes(32),
      clock,
      told: (operation, namespace, entry, mount) => bus.lease(operation, namespace, entry, mount?.info),
    });
    const first = await kit.lease('a');
    await kit.leases.renew(root, first, 60);
    await kit.leases.revokeNow(root, first);
    await kit.lease('b');
    clock.advance(600_001);
    await kit.expiry.runOnce();
    const path = 'creds/app creds/app secret';
    assert.deepEqual(seen, [
      `lease/create ${path}`,
      `lease/renew ${path}`,
      `lease/revoke ${path}`,
      `lease/create ${path}`,
      `lease/revoke ${path}`,
    ]);
  });
});

async function eventOf(change: Partial<PublishedEvent> = {}): Promise<PublishedEvent> {
  const { mount } = await engineHarness({ type: 'kv', description: '', create: async () => ({ paths: [] }) });
  const bus = new EventBus(new ManualClock());
  let seen: PublishedEvent | undefined;
  bus.listen((event) => {
    seen = event;
  });
  bus.publisherOf(mount, 'secret').publish({ type: 'kv-v2/data-write', path: 'data/a', dataPath: 'data/a' });
  assert.ok(seen);
  return { ...seen, ...change };
}

describe('what a subscriber asks for', () => {
  test('is a glob over types, namespaces below its own, and a filter', async () => {
    const event = await eventOf({ namespace: { id: 'x', path: 'a/b/' } });
    const wants = (query: Partial<Parameters<typeof eventFilter>[0]>) =>
      eventFilter({ type: '*', namespaces: [], filter: '', from: '', ...query })(event);
    assert.equal(wants({}), false, 'root is not a/b');
    assert.equal(wants({ from: 'a/b/' }), true);
    assert.equal(wants({ namespaces: ['a/*'] }), true);
    assert.equal(wants({ from: 'a/', namespaces: ['b'] }), true);
    assert.equal(wants({ from: 'other/', namespaces: ['*'] }), false);
    assert.equal(wants({ from: 'a/b/', type: 'kv-v1/*' }), false);
    assert.equal(
      wants({ from: 'a/b/', filter: 'namespace == "a/b" and source_plugin_mount == mount/' }),
      true,
    );
    assert.equal(wants({ from: 'a/b/', filter: 'data_path == "mount/data/b"' }), false);
    for (const namespaces of [['../x'], ['a//b'], ['a/./b']])
      assert.throws(() => wants({ namespaces }), { code: 'invalid-request' });
  });

  test('is matched by globs as by the regular expression that they stand for', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 10 });
    fc.assert(
      fc.property(text, text, (glob, candidate) => {
        const expression = new RegExp(`^${glob.split('*').map(RegExp.escape).join('[^]*')}$`);
        assert.equal(matchesGlob(glob, candidate), expression.test(candidate), `${glob} ${candidate}`);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the protobuf form', () => {
  test('has the members of Vault’s EventReceived, long texts too', async () => {
    const long = 'x'.repeat(300);
    const event = await eventOf({ id: 'i', metadata: { path: long, empty: '' }, plugin: undefined });
    const bytes = protobufEvent(event);
    assert.deepEqual(decoded(bytes), [
      [
        1,
        [
          [1, 'i'],
          [
            2,
            [
              [
                1,
                [
                  [1, 'path'],
                  [2, [[3, long]]],
                ],
              ],
              [
                1,
                [
                  [1, 'empty'],
                  [2, [[3, '']]],
                ],
              ],
            ],
          ],
        ],
      ],
      [3, 'kv-v2/data-write'],
    ]);
  });
});

type Member = [number, string | Member[]];

/** Every member is length-delimited here; which of them are messages is known by their place. */
function decoded(bytes: Uint8Array, place = ''): Member[] {
  const messages = new Set(['/1', '/1/2', '/1/2/1', '/1/2/1/2']);
  const members: Member[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = varint(bytes, at);
    const size = varint(bytes, tag.next);
    const here = `${place}/${tag.value >> 3}`;
    const part = bytes.subarray(size.next, size.next + size.value);
    members.push([tag.value >> 3, messages.has(here) ? decoded(part, here) : Buffer.from(part).toString()]);
    at = size.next + size.value;
  }
  return members;
}

function varint(bytes: Uint8Array, start: number): { value: number; next: number } {
  let value = 0;
  for (let at = start, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at + 1 };
  }
}
