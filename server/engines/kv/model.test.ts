import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { plugin } from './index.ts';

/** KV v2 told in the simplest way: all versions in one list, cut at the front. */
class Model {
  versions: { n: number; data: unknown; deletedAt: number | undefined; destroyed: boolean }[] = [];
  current = 0;
  lifetimeMs: number | undefined;

  read(n: number, now: number): { status: number; data?: unknown } {
    const version = this.versions.find((candidate) => candidate.n === n);
    if (!version) return { status: 404 };
    const gone = version.destroyed || (version.deletedAt !== undefined && version.deletedAt <= now);
    return gone ? { status: 404, data: null } : { status: 200, data: version.data };
  }

  write(data: unknown, now: number, max: number): void {
    const deletedAt = this.lifetimeMs === undefined ? undefined : now + this.lifetimeMs;
    this.versions.push({ n: ++this.current, data, deletedAt, destroyed: false });
    if (this.versions.length > max) this.versions = this.versions.slice(-max);
  }

  delete(n: number, now: number): void {
    for (const version of this.versions) {
      const gone = version.destroyed || (version.deletedAt !== undefined && version.deletedAt <= now);
      if (version.n === n && !gone) version.deletedAt = now;
    }
  }

  undelete(n: number, now: number): void {
    for (const version of this.versions) {
      if (version.n !== n || version.destroyed) continue;
      version.deletedAt = this.lifetimeMs === undefined ? undefined : now + this.lifetimeMs;
    }
  }

  destroy(n: number): void {
    for (const version of this.versions) if (version.n === n) version.destroyed = true;
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'write' as const, n: 0 }) },
  fc.record({
    kind: fc.constantFrom('delete', 'undelete', 'destroy', 'wait'),
    n: fc.integer({ min: 1, max: 12 }),
  }),
  fc.record({ kind: fc.constantFrom('delete-latest', 'end', 'lifetime'), n: fc.integer({ min: 0, max: 3 }) }),
);

test('any history of a secret reads as the plain model of it, and the store holds no data that ended', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, max) => {
        const kv = await engineHarness(plugin, { options: { version: '2' } });
        let model = new Model();
        await kv.call('write', 'config', { max_versions: max });
        let written = 0;
        for (const { kind, n } of steps) {
          const now = kv.clock.now();
          if (kind === 'write') {
            await kv.call('write', 'data/s', { data: { written: ++written } });
            model.write({ written }, now, max);
          } else if (kind === 'wait') {
            kv.clock.advance(n * 500);
          } else if (kind === 'lifetime') {
            await kv.call('write', 'config', { delete_version_after: n });
            model.lifetimeMs = n === 0 ? undefined : n * 1000;
          } else if (kind === 'delete-latest') {
            await kv.call('delete', 'data/s');
            model.delete(model.current, now);
          } else if (kind === 'end') {
            await kv.call('delete', 'metadata/s');
            const { lifetimeMs } = model;
            model = new Model();
            model.lifetimeMs = lifetimeMs;
          } else {
            await kv.call('write', `${kind}/s`, { versions: [n] });
            if (kind === 'delete') model.delete(n, now);
            else if (kind === 'undelete') model.undelete(n, now);
            else model.destroy(n);
          }
          for (let version = 1; version <= model.current + 1; version++) {
            const reply = await kv.call('read', `data/s?version=${version}`);
            const got = reply ? { status: reply.status ?? 200, data: reply.data?.['data'] } : { status: 404 };
            assert.deepEqual(got, model.read(version, kv.clock.now()));
          }
          const archived = kv.records.keys.filter((key) => key.startsWith('v/'));
          const expected = model.versions.filter(
            (version) => !version.destroyed && version.n !== model.current,
          );
          assert.deepEqual(
            archived.map((key) => Number(key.split('/').at(-1))).sort((a, b) => a - b),
            expected.map(({ n: number }) => number),
          );
        }
      },
    ),
    { numRuns: 60 },
  );
});
