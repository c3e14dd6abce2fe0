import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { findVersion } from './read-version.ts';
import { versionMetadata } from './replies.ts';
import { addVersion, isGone, type SecretRecord } from './secret-record.ts';
import type { SecretStore } from './secret-store.ts';

/** Brings an older version back for those who may change a secret and not read it: its data never leaves the server. */
export function rollbackPath(store: SecretStore, clock: Clock): PathDeclaration {
  return definePath({
    pattern: 'rollback/{path...}',
    fields: {
      path: { type: 'string', required: true, description: 'Where the secret is.' },
      version: {
        type: 'int',
        description: 'Version to bring back; the newest before the current one that lives when not given.',
      },
    },
    help: {
      synopsis: 'Bring an older version of a secret back, as a new version.',
      description: 'The data of the version becomes a new version. Whoever asks does not see it.',
    },
    operations: {
      write: {
        summary: 'Make an older version the newest',
        handler: async ({ fields: { path, version } }) => {
          const stored = await store.get(path);
          if (!stored) throw new CofferError('not-found');
          const number = version ?? previousVersion(stored.value, clock.now());
          const found = await findVersion(store, path, stored, number, clock.now());
          if (!found) throw invalidRequest(`there is no version ${number}`);
          const { data } = found;
          if (data === undefined) throw invalidRequest(`version ${number} was deleted or destroyed`);
          const config = await store.config();
          return store.change(path, 'data-write', (record) => {
            if (record?.current !== stored.value.current) throw new CofferError('conflict');
            const change = addVersion(record, data, clock.now(), config);
            const { current, versions } = change.record;
            const info = versions[current] ?? { created: clock.now() };
            return {
              change,
              result: { data: { ...versionMetadata(change.record, current, info), from_version: number } },
            };
          });
        },
      },
    },
  });
}

function previousVersion(record: SecretRecord, nowMs: number): number {
  for (let number = record.current - 1; number >= 1; number--) {
    const version = record.versions[number];
    if (version && !isGone(version, nowMs)) return number;
  }
  throw invalidRequest('there is no earlier version to go back to');
}
