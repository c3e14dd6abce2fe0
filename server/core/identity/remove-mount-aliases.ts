import type { Records } from '../../contracts/records.ts';
import { removeAlias } from './entity-aliases.ts';
import type { EntityRecord } from './entity-record.ts';
import { removeGroupAlias } from './group-aliases.ts';
import type { GroupRecord } from './group-record.ts';
import { changeIdentity } from './identity-draft.ts';
import { entityPrefix, groupPrefix } from './identity-keys.ts';

const pageSize = 500;

/** What an auth mount called entities and groups goes with the mount, as in Vault. `records` are the namespace's `sys/identity/`. */
export async function removeMountAliases(records: Records, accessor: string, nowMs: number): Promise<void> {
  for await (const { aliases } of all<EntityRecord>(records, entityPrefix))
    for (const { id, mountAccessor } of aliases)
      if (mountAccessor === accessor) await changeIdentity(records, (draft) => removeAlias(draft, id, nowMs));
  for await (const { alias } of all<GroupRecord>(records, groupPrefix))
    if (alias?.mountAccessor === accessor)
      await changeIdentity(records, (draft) => removeGroupAlias(draft, alias.id, nowMs));
}

async function* all<T>(records: Records, prefix: string): AsyncGenerator<T> {
  let after: string | undefined;
  for (;;) {
    const page = await records.scan<T>(prefix, {
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    for (const [, stored] of page) yield stored.value;
    after = page.at(-1)?.[0];
    if (after === undefined) return;
  }
}
