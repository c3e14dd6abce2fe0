import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { MountTableName } from '../mounts/mount-entry.ts';
import { type Migration, type MountPlace, pathOf } from '../mounts/mount-migrations.ts';
import type { Mounts } from '../mounts/mounts.ts';
import type { Where } from '../mounts/stored-tables.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import { mountPath, refuseReserved, tableOf } from './mount-names.ts';

const queued =
  'Mount move has been queued. Progress will be reported in the server log, tagged with the returned migration_id';

/** `sys/remount` and `sys/remount/status/{id}`. */
export function remountPaths(mounts: Mounts, namespaces: Namespaces): PathDeclaration[] {
  return [movePath(mounts, namespaces), statusPath(mounts)];
}

function movePath(mounts: Mounts, namespaces: Namespaces): PathDeclaration {
  return definePath({
    pattern: 'remount',
    access: 'sudo',
    shape: 'flattened',
    fields: {
      from: { type: 'string', description: 'Where it is now, with its namespace in front', required: true },
      to: { type: 'string', description: 'Where it goes', required: true },
    },
    operations: {
      write: {
        summary: 'Move a mount',
        async handler(call): Promise<Reply> {
          const { namespace } = call;
          const [from, to] = [
            await placeOf(namespaces, namespace, call.fields.from),
            await placeOf(namespaces, namespace, call.fields.to),
          ];
          if (from.table !== to.table)
            throw invalidRequest('cannot move between secrets engines and auth methods');
          refuseReserved(to.table, to.path, 'cannot remount to');
          const { table } = from;
          const isNear = from.namespace.id === to.namespace.id;
          if (isNear) await mounts.move(from.namespace, table, from.path, to.path);
          const id = isNear
            ? await mounts.migrations.note(namespace.id, table, from, to)
            : await mounts.moveAway(namespace.id, table, from, to);
          return { data: { migration_id: id }, warnings: [queued] };
        },
      },
    },
    help: {
      synopsis: 'Move a secrets engine or auth method.',
      description:
        'Its leases end, and so do the tokens and aliases of an auth method that leaves its namespace. Within a namespace the move is done when the call returns. To another one the data is encrypted anew with that namespace’s key, while the mount serves nothing: ask for the status.',
    },
  });
}

function statusPath(mounts: Mounts): PathDeclaration {
  return definePath({
    pattern: 'remount/status/{migration_id}',
    fields: {
      migration_id: { type: 'string', description: 'As remount returned it', required: true },
    },
    operations: {
      read: {
        summary: 'How a move stands',
        async handler({ fields: { migration_id: id }, namespace }) {
          const migration = await mounts.migrations.find(namespace.id, id);
          return migration && { data: { migration_id: id, migration_info: shown(migration, namespace) } };
        },
      },
    },
    help: {
      synopsis: 'How a move stands.',
      description: 'in-progress, success or failure; kept for a month.',
    },
  });
}

/** Paths as the namespace sees them in which it was asked for. */
function shown(migration: Migration, { path }: Where): Record<string, string> {
  const { phase, from, to } = migration;
  return {
    source_mount: pathOf(migration, from).slice(path.length),
    target_mount: pathOf(migration, to).slice(path.length),
    status: phase === 'copying' || phase === 'switched' ? 'in-progress' : phase,
  };
}

/** `team/auth/approle`: the longest beginning that is a namespace below this one, then the mount. */
async function placeOf(
  namespaces: Namespaces,
  current: Where,
  given: string,
): Promise<MountPlace & { readonly table: MountTableName }> {
  const whole = mountPath(given);
  let where: Where = current;
  let rest = whole;
  for (;;) {
    const cut = rest.indexOf('/') + 1;
    const below = await namespaces.find(`${where.path}${rest.slice(0, cut)}`);
    if (!below || cut === rest.length) break;
    if (below.tainted || (await namespaces.lockedBy(below)))
      throw new CofferError('invalid-request', `namespace "${below.path}" is locked or being removed`);
    where = { id: below.id, path: below.path };
    rest = rest.slice(cut);
  }
  const [table, path] = tableOf('secret', rest);
  if (path === '') throw invalidRequest('a mount path cannot be empty');
  return { namespace: where, table, path };
}
