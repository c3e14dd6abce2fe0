import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { shownFailure } from './failures.ts';
import { type StaticRoleParts, timingOf } from './path-static-roles.ts';
import { findStaticRole } from './static-role-record.ts';

/** `static-creds/<name>` without a lease, and `rotate-role/<name>`. */
export function staticCredentialPaths({ context, rotation }: StaticRoleParts): PathDeclaration[] {
  const name = { type: 'string', description: 'Name of the static role.' } as const;
  return [
    definePath({
      pattern: 'static-creds/{name}',
      fields: { name },
      help: {
        synopsis: 'Read the password of a static role.',
        description: '`ttl` says how long it is good for. There is no lease.',
      },
      operations: {
        read: {
          summary: 'Read the password of a static role',
          pure: true,
          handler: async (call) => {
            const role = (await findStaticRole(context.records, call.fields.name ?? ''))?.value;
            if (!role) throw invalidRequest(`unknown role: ${call.fields.name ?? ''}`);
            if (role.password === undefined || role.lastRotationMs === undefined)
              throw new CofferError(
                'unavailable',
                'the first password of this role is still being set; try again',
              );
            return {
              data: {
                last_vault_rotation: new Date(role.lastRotationMs).toISOString(),
                password: role.password,
                ...timingOf(role),
                ttl: Math.max(0, Math.ceil((role.nextRotationMs - context.clock.now()) / 1000)),
                username: role.username,
              },
            };
          },
        },
      },
    }),
    definePath({
      pattern: 'rotate-role/{name}',
      fields: { name },
      help: {
        synopsis: 'Change the password of a static role now.',
        description: 'The next change by period is counted from this one.',
      },
      operations: {
        write: {
          summary: 'Change the password of a static role now',
          handler: async (call) => {
            const isThere = await rotation.rotate(call.fields.name ?? '').catch((error: unknown) => {
              throw shownFailure(
                error,
                'unable to finish rotating credentials; this goes on in the background: ',
              );
            });
            if (!isThere) throw invalidRequest('no static role found for role name');
            return undefined;
          },
        },
      },
    }),
  ];
}
