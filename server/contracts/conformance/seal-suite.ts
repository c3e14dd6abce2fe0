import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { type Seal, SealError, type SealPlugin } from '../seal.ts';

/** What a seal's `conformance.ts` exports as `open`: a fresh key, and seals that hold it or do not. */
export type OpenSeal = () => Promise<{
  readonly seal: Seal;
  /** Another seal with the same key, as after a restart. */
  again(): Promise<Seal>;
  /** A seal that never had that key. */
  withOtherKey(): Promise<Seal>;
  /** Seals that replace keys: a new key is current, the one of `seal` still opens. */
  replacing?(): Promise<Seal>;
  /** Seals of mode `shares`: before people brought their shares. */
  withoutKey?(): Promise<Seal>;
  /** What must appear in no error and no inspection of a seal. */
  readonly secrets: readonly Uint8Array[];
  dispose(): Promise<void>;
}>;

const rootKey = () => randomBytes(32);
const kind = (expected: SealError['kind']) => (error: unknown) => {
  assert(error instanceof SealError, `not a SealError: ${error}`);
  assert.equal(error.kind, expected);
  assert.notEqual(error.hint, '');
  return true;
};

/** What core relies on in every seal. */
export function sealSuite(plugin: SealPlugin, open: OpenSeal): void {
  const name = plugin.type;

  test(`${name}: a wrapped key opens in a seal with the same key, after a restart too`, async () => {
    const world = await open();
    const plaintext = rootKey();
    const wrapped = await world.seal.wrap(plaintext, 'root key');
    assert.deepEqual(Buffer.from(await world.seal.unwrap(wrapped, 'root key')), plaintext);
    const again = await world.again();
    assert.deepEqual(Buffer.from(await again.unwrap(wrapped, 'root key')), plaintext);
    assert.equal(again.isStale(wrapped), false);
    await world.dispose();
  });

  test(`${name}: wrapping the same key twice gives different bytes, and neither holds it`, async () => {
    const world = await open();
    const plaintext = rootKey();
    const [one, two] = [await world.seal.wrap(plaintext, 'c'), await world.seal.wrap(plaintext, 'c')];
    assert.notDeepEqual(one, two);
    assert.equal(Buffer.from(one).includes(plaintext), false);
    await world.dispose();
  });

  test(`${name}: a seal with another key says wrong-key`, async () => {
    const world = await open();
    const wrapped = await world.seal.wrap(rootKey(), 'c');
    await assert.rejects(async () => (await world.withOtherKey()).unwrap(wrapped, 'c'), kind('wrong-key'));
    await world.dispose();
  });

  test(`${name}: what was wrapped for one context opens in no other`, async () => {
    const world = await open();
    const wrapped = await world.seal.wrap(rootKey(), 'root key');
    await assert.rejects(world.seal.unwrap(wrapped, 'recovery key'), kind('wrong-key'));
    await world.dispose();
  });

  test(`${name}: wrapped bytes that were altered anywhere, cut or extended never open`, async () => {
    const world = await open();
    const wrapped = await world.seal.wrap(rootKey(), 'c');
    const broken = [...wrapped.keys()].map((at) => {
      const copy = Uint8Array.from(wrapped);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    });
    broken.push(
      wrapped.slice(0, -1),
      wrapped.slice(0, 1),
      new Uint8Array(0),
      Buffer.concat([wrapped, Buffer.of(0)]),
    );
    for (const bytes of broken) await assert.rejects(world.seal.unwrap(bytes, 'c'), SealError);
    await world.dispose();
  });

  test(`${name}: neither errors nor an inspection of the seal show key material`, async () => {
    const world = await open();
    const plaintext = rootKey();
    const wrapped = await world.seal.wrap(plaintext, 'c');
    const other = await world.withOtherKey();
    const error = await other.unwrap(wrapped, 'c').catch((thrown: unknown) => thrown);
    const shown = inspect([error, world.seal, other], { depth: 20, showHidden: true });
    for (const secret of [...world.secrets, plaintext]) {
      for (const encoding of ['hex', 'base64', 'latin1'] as const) {
        assert.equal(shown.includes(Buffer.from(secret).toString(encoding)), false);
      }
      assert.equal(shown.includes([...secret.subarray(0, 8)].join(', ')), false);
    }
    await world.dispose();
  });

  test(`${name}: its mode says whether it takes a key from people`, async () => {
    const world = await open();
    assert.equal(world.seal.type, plugin.type);
    assert.equal(world.seal.mode, plugin.mode);
    assert.equal(world.seal.withKey !== undefined, plugin.mode === 'shares');
    await world.dispose();
  });

  test(`${name}: an unknown setting is refused by name`, async () => {
    const opened = plugin.open(
      { no_such_setting: 'x' },
      { environment: {}, logger: (await import('../logger.ts')).silentLogger },
    );
    await assert.rejects(opened, (error) => kind('invalid')(error) && /no_such_setting/.test(String(error)));
  });

  test(`${name}: while its key is replaced, the old wrapping opens and is stale`, async (t) => {
    const world = await open();
    if (!world.replacing) return t.skip('this seal is not given a new key beside the old one');
    const plaintext = rootKey();
    const wrapped = await world.seal.wrap(plaintext, 'c');
    const replacing = await world.replacing();
    assert.deepEqual(Buffer.from(await replacing.unwrap(wrapped, 'c')), plaintext);
    assert.equal(replacing.isStale(wrapped), true);
    assert.equal(replacing.isStale(await replacing.wrap(plaintext, 'c')), false);
    await world.dispose();
  });

  test(`${name}: without a key it says unavailable, and takes only keys of 32 bytes`, async (t) => {
    const world = await open();
    if (!world.withoutKey) return t.skip('this seal has its key from the start');
    const empty = await world.withoutKey();
    const wrapped = await world.seal.wrap(rootKey(), 'c');
    await assert.rejects(empty.unwrap(wrapped, 'c'), kind('unavailable'));
    await assert.rejects(empty.wrap(rootKey(), 'c'), kind('unavailable'));
    assert.throws(() => empty.withKey?.(randomBytes(31)), kind('wrong-key'));
    await world.dispose();
  });

  test(`${name}: a closed seal lets go of its key`, async () => {
    const world = await open();
    const wrapped = await world.seal.wrap(rootKey(), 'c');
    await world.seal.close();
    await assert.rejects(world.seal.unwrap(wrapped, 'c'), kind('unavailable'));
    await world.dispose();
  });
}
