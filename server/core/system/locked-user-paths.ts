import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { LockedAlias, LoginLockout } from '../lockout/login-lockout.ts';

/** `sys/locked-users`: who cannot log in for a while after failing too often, and how to let them at once. */
export function lockedUserPaths(lockout: LoginLockout): PathDeclaration[] {
  return [
    definePath({
      pattern: 'locked-users',
      fields: {
        mount_accessor: {
          type: 'string',
          description: 'Only those of this auth mount',
          query: true,
          default: '',
        },
      },
      operations: {
        read: {
          summary: 'List the locked users',
          pure: true,
          async handler({ namespace, fields }) {
            const found = lockout
              .locked()
              .filter((locked) => locked.namespace.path.startsWith(namespace.path))
              .filter(({ accessor }) => fields.mount_accessor === '' || accessor === fields.mount_accessor);
            return { data: shown(found) };
          },
        },
      },
      help: {
        synopsis: 'Users who are locked out.',
        description: 'Of this namespace and those below, as this process counts them.',
      },
    }),
    definePath({
      pattern: 'locked-users/{mount_accessor}/unlock/{alias_identifier...}',
      fields: {
        mount_accessor: { type: 'string', description: 'Accessor of the auth mount', required: true },
        alias_identifier: { type: 'string', description: 'The name that is locked', required: true },
      },
      operations: {
        write: {
          summary: 'Unlock a user',
          async handler({ namespace, fields }) {
            lockout.unlock(namespace.id, fields.mount_accessor, fields.alias_identifier);
            return undefined;
          },
        },
      },
      help: { synopsis: 'Let a user log in again.', description: 'One who is not locked is no error.' },
    }),
  ];
}

function shown(found: readonly LockedAlias[]) {
  const byNamespace = Map.groupBy(found, ({ namespace }) => namespace.id);
  return {
    by_namespace: [...byNamespace].map(([id, here]) => ({
      namespace_id: id,
      namespace_path: here[0]?.namespace.path ?? '',
      counts: here.length,
      mount_accessors: [...Map.groupBy(here, ({ accessor }) => accessor)].map(([accessor, names]) => ({
        mount_accessor: accessor,
        counts: names.length,
        alias_identifiers: names.map(({ alias }) => alias),
      })),
    })),
    total: found.length,
  };
}
