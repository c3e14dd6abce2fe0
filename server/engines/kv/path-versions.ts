import type { Clock } from '../../contracts/clock.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { rootReply } from './replies.ts';
import {
  deleteVersions,
  destroyVersions,
  type KvConfig,
  type SecretChange,
  type SecretRecord,
  undeleteVersions,
} from './secret-record.ts';
import type { SecretStore } from './secret-store.ts';

type VersionsChange = (
  record: SecretRecord,
  versions: readonly number[],
  now: number,
  config: KvConfig,
) => SecretChange | undefined;

/** `delete/`, `undelete/` and `destroy/`: the same request with three meanings. */
export function versionsPaths(store: SecretStore, clock: Clock): PathDeclaration[] {
  return [
    versionsPath(store, clock, 'delete', deleteVersions, {
      synopsis: 'Delete versions of a secret.',
      description: 'Deleted versions are no longer read; undelete brings them back.',
    }),
    versionsPath(store, clock, 'undelete', undeleteVersions, {
      synopsis: 'Bring deleted versions of a secret back.',
      description: 'Where versions have a time to live, it begins anew. Destroyed versions stay destroyed.',
    }),
    versionsPath(store, clock, 'destroy', destroyVersions, {
      synopsis: 'Destroy the data of versions of a secret, for good.',
      description: 'The data is removed from the store; only the fact that there was such a version stays.',
    }),
  ];
}

function versionsPath(
  store: SecretStore,
  clock: Clock,
  verb: 'delete' | 'undelete' | 'destroy',
  change: VersionsChange,
  help: PathDeclaration['help'],
): PathDeclaration {
  return definePath({
    pattern: `${verb}/{path?...}`,
    needsRest: true,
    fields: {
      path: { type: 'string', description: 'Where the secret is.' },
      versions: { type: 'ints', description: `The versions to ${verb}. Unknown ones are passed over.` },
    },
    help,
    operations: {
      write: {
        summary: help.synopsis.slice(0, -1),
        handler: async ({ fields: { path, versions } }) => {
          if (!path) return rootReply();
          if (!versions || versions.length === 0) throw invalidRequest('No version number provided');
          const config = await store.config();
          return store.change(
            path,
            verb,
            (record) => ({
              change: record && change(record, versions, clock.now(), config),
              result: undefined,
            }),
            versions,
          );
        },
      },
    },
  });
}
