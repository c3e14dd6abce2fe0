import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Leases } from '../leases/leases.ts';
import type { TokenRevocation } from '../tokens/token-revocation.ts';

/** Ends of leases: one by its id, and all below a prefix. */
export function leaseRevocationPaths(leases: Leases, tokens: TokenRevocation): PathDeclaration[] {
  return [...revokePaths(leases, tokens), ...prefixPaths(leases, tokens)];
}

function revokePaths(leases: Leases, tokens: TokenRevocation): PathDeclaration[] {
  const fields = {
    lease_id: { type: 'string', description: 'Id of the lease', default: '' },
    url_lease_id: { type: 'string', description: 'The same, in the path', default: '' },
    sync: { type: 'bool', description: 'Answer when it is taken back, not when it has ended', default: true },
  } as const;
  const declare = (pattern: string) =>
    definePath({
      pattern,
      fields,
      help: {
        synopsis: 'Revoke a lease.',
        description: 'It ends at once; what it stood for is taken back until that succeeds.',
      },
      operations: {
        write: {
          summary: 'Revoke a lease',
          async handler(call) {
            const id = call.fields.lease_id || call.fields.url_lease_id;
            if (id === '') throw invalidRequest('lease_id must be specified');
            // The lease of a token is the token: no engine has to be asked, so there is nothing to wait for.
            if (await tokens.revokeLease(call.namespace.id, id)) return undefined;
            if (!call.fields.sync) {
              await leases.revokeLazily(call.namespace, id);
              return { status: 202 };
            }
            await leases.revokeNow(call.namespace, id);
            return undefined;
          },
        },
      },
    });
  return [
    declare('leases/revoke'),
    declare('leases/revoke/{url_lease_id...}'),
    declare('revoke'),
    declare('revoke/{url_lease_id...}'),
  ];
}

function prefixPaths(leases: Leases, tokens: TokenRevocation): PathDeclaration[] {
  const fields = {
    prefix: { type: 'string', description: 'Leases whose id begins so', required: true },
    sync: { type: 'bool', description: 'Answer when they are taken back', default: true },
  } as const;
  const declare = (pattern: string, force: boolean) =>
    definePath({
      pattern,
      access: 'sudo',
      fields,
      help: {
        synopsis: force
          ? 'Forget every lease below a prefix.'
          : 'Revoke every lease, and every token, made below a prefix.',
        description: force
          ? 'Even where the engine cannot take it back: the credential may live on there.'
          : 'What could not be taken back at once goes on in the background.',
      },
      operations: {
        write: {
          summary: force ? 'Forget leases by prefix' : 'Revoke leases by prefix',
          async handler(call) {
            const lazy = !call.fields.sync && !force;
            await tokens.revokeIssued(call.namespace.id, call.fields.prefix);
            await leases.revokePrefix(call.namespace, call.fields.prefix, { force, lazy });
            return lazy ? { status: 202 } : undefined;
          },
        },
      },
    });
  return [
    declare('leases/revoke-prefix/{prefix...}', false),
    declare('revoke-prefix/{prefix...}', false),
    declare('leases/revoke-force/{prefix...}', true),
    declare('revoke-force/{prefix...}', true),
  ];
}
