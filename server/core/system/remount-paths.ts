import { randomUUID } from 'node:crypto';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { Mounts } from '../mounts/mounts.ts';
import { mountPath, prefixed, refuseReserved, tableOf } from './mount-names.ts';

const mostMigrations = 1000;

/** `sys/remount` and `sys/remount/status/{id}`. */
export function remountPaths(mounts: Mounts): PathDeclaration[] {
  /** By namespace id and migration id, oldest first. */
  const migrations = new Map<string, JsonObject>();
  const remember = (key: string, info: JsonObject): void => {
    migrations.set(key, info);
    const [oldest] = migrations.keys();
    if (migrations.size > mostMigrations && oldest !== undefined) migrations.delete(oldest);
  };
  return [
    definePath({
      pattern: 'remount',
      access: 'sudo',
      shape: 'flattened',
      fields: {
        from: { type: 'string', description: 'Where it is now', required: true },
        to: { type: 'string', description: 'Where it goes', required: true },
      },
      operations: {
        write: {
          summary: 'Move a mount',
          async handler(call): Promise<Reply> {
            const [fromTable, from] = tableOf('secret', mountPath(call.fields.from));
            const [toTable, to] = tableOf('secret', mountPath(call.fields.to));
            if (fromTable !== toTable)
              throw invalidRequest('cannot move between secrets engines and auth methods');
            refuseReserved(toTable, to, 'cannot remount to');
            const { namespace } = call;
            await mounts.move(namespace, fromTable, from, to);
            const id = randomUUID();
            remember(`${namespace.id}/${id}`, {
              source_mount: prefixed(fromTable, from),
              target_mount: prefixed(toTable, to),
              status: 'success',
            });
            return {
              data: { migration_id: id },
              warnings: [
                'Mount move has been queued. Progress will be reported in the server log, tagged with the returned migration_id',
              ],
            };
          },
        },
      },
      help: {
        synopsis: 'Move a secrets engine or auth method.',
        description: 'Its leases end. Its data stays where it is, so the move is done when the call returns.',
      },
    }),
    definePath({
      pattern: 'remount/status/{migration_id}',
      fields: {
        migration_id: { type: 'string', description: 'As remount returned it', required: true },
      },
      operations: {
        read: {
          summary: 'How a move stands',
          async handler({ fields: { migration_id: id }, namespace }) {
            const info = migrations.get(`${namespace.id}/${id}`);
            return info && { data: { migration_id: id, migration_info: info } };
          },
        },
      },
      help: { synopsis: 'How a move stands.', description: 'Kept until the server restarts.' },
    }),
  ];
}
