import { randomBytes } from 'node:crypto';
import { Barrier } from '../../barrier/index.ts';
import { ManualClock } from '../../contracts/clock.ts';
import { silentLogger } from '../../contracts/logger.ts';
import type { StorageBackend } from '../../contracts/storage.ts';
import { plugin } from '../../storage/memory/index.ts';
import { type EntityRecord, entityIndex } from './entity-record.ts';
import { EntityViews } from './entity-views.ts';
import { type GroupRecord, groupIndex } from './group-record.ts';
import { changeIdentity, type IdentityDraft } from './identity-draft.ts';
import { entityKey, entityPrefix, groupKey, groupPrefix } from './identity-keys.ts';
import { identityPrefix } from './identity-parts.ts';
import { IdentityLogins } from './logins.ts';

/** Identity of the root namespace over a real barrier: one node, or another on the same store. For tests. */
export async function openIdentity(first?: {
  readonly storage: StorageBackend;
  readonly rootKey: Uint8Array;
}) {
  const clock = new ManualClock();
  const storage =
    first?.storage ?? (await plugin.open({}, { logger: silentLogger, onFatal: () => undefined }));
  const barrier = new Barrier({ storage, clock });
  const rootKey = first?.rootKey ?? randomBytes(32);
  if (!first) await barrier.initialize(rootKey);
  await barrier.unseal(rootKey);
  const recordsOf = (namespaceId: string, prefix: string) => barrier.records(namespaceId, prefix);
  const records = recordsOf('root', identityPrefix);
  const views = new EntityViews(recordsOf);
  barrier.onChange((keys) => views.changed(keys));
  const root = { id: 'root', path: '' };
  const scan = async <T>(prefix: string) =>
    (await records.scan<T>(prefix, { limit: 100_000 })).map(([, stored]) => stored.value);
  return {
    storage,
    rootKey,
    barrier,
    clock,
    records,
    recordsOf,
    views,
    logins: new IdentityLogins(recordsOf, clock),
    change: <T>(work: (draft: IdentityDraft) => Promise<T>) => changeIdentity(records, work),
    view: (entityId: string) => views.of(root, entityId),
    entities: () => scan<EntityRecord>(entityPrefix),
    groups: () => scan<GroupRecord>(groupPrefix),
    /** Keys that should not be there, and keys that should. */
    async strayKeys(): Promise<string[]> {
      const there = new Set(await records.scanKeys('', { limit: 100_000 }));
      const wanted = new Set<string>();
      for (const entity of await scan<EntityRecord>(entityPrefix)) {
        wanted.add(entityKey(entity.id));
        for (const key of entityIndex(entity).keys()) wanted.add(key);
      }
      for (const group of await scan<GroupRecord>(groupPrefix)) {
        wanted.add(groupKey(group.id));
        for (const key of groupIndex(group).keys()) wanted.add(key);
      }
      return [...there.symmetricDifference(wanted)];
    },
  };
}

export type OpenIdentity = Awaited<ReturnType<typeof openIdentity>>;
