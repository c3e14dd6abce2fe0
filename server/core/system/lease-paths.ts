import { invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { Expiry } from '../leases/expiry.ts';
import type { Leases } from '../leases/leases.ts';
import type { TokenRevocation } from '../tokens/token-revocation.ts';
import { leaseRevocationPaths } from './lease-revocation-paths.ts';

const leaseId = { type: 'string', description: 'Id of the lease', default: '' } as const;
const tidyStarted =
  "Tidy operation successfully started. Any information from the operation will be printed to the server's logs.";

/** `sys/leases/*` and the older `sys/renew`, `sys/revoke*`. */
export function leasePaths(
  leases: Leases,
  tokens: TokenRevocation,
  expiry: Expiry,
  logger: Logger,
): PathDeclaration[] {
  return [
    ...lookupPaths(leases, tokens),
    ...renewPaths(leases),
    ...leaseRevocationPaths(leases, tokens),
    tidyPath(expiry, logger),
    ...countPaths(leases),
  ];
}

function lookupPaths(leases: Leases, tokens: TokenRevocation): PathDeclaration[] {
  return [
    definePath({
      pattern: 'leases/lookup',
      fields: { lease_id: leaseId },
      operations: {
        write: {
          summary: 'Look up a lease',
          pure: true,
          handler: (call) => lookUp(leases, tokens, call.namespace, call.fields.lease_id),
        },
        list: {
          summary: 'List leases',
          pure: true,
          access: 'sudo',
          handler: (call) => listBelow(leases, tokens, '', call.namespace),
        },
      },
      help: { synopsis: 'A lease’s times.', description: 'By its id, in the body.' },
    }),
    definePath({
      pattern: 'leases/lookup/{prefix...}',
      access: 'sudo',
      fields: { prefix: { type: 'string', description: 'Folder of leases', required: true } },
      operations: {
        list: {
          summary: 'List leases below a prefix',
          pure: true,
          handler: (call) => listBelow(leases, tokens, `${call.fields.prefix}/`, call.namespace),
        },
      },
      help: { synopsis: 'Leases below a prefix.', description: 'One level; folders end in "/".' },
    }),
  ];
}

interface InNamespace {
  readonly id: string;
  readonly path: string;
}

async function lookUp(
  leases: Leases,
  tokens: TokenRevocation,
  namespace: InNamespace,
  id: string,
): Promise<Reply> {
  const lease = await leases.find(namespace, id);
  if (!lease) return tokenLease(tokens, namespace.id, id);
  return {
    data: {
      id: lease.leaseId,
      path: lease.leaseId.slice(0, lease.leaseId.lastIndexOf('/')),
      issue_time: new Date(lease.issuedMs).toISOString(),
      expire_time: new Date(lease.expiresMs).toISOString(),
      last_renewal: lease.lastRenewalMs === undefined ? null : new Date(lease.lastRenewalMs).toISOString(),
      renewable: lease.renewable,
      ttl: leases.secondsLeft(lease),
    },
  };
}

/** Tokens that end by themselves are listed under the path that made them, as Vault's token leases. */
async function listBelow(
  leases: Leases,
  tokens: TokenRevocation,
  folder: string,
  { id }: InNamespace,
): Promise<Reply> {
  const [names, issued] = await Promise.all([leases.list({ id }, folder), tokens.issuedBelow(id, folder)]);
  return { data: { keys: [...new Set([...names, ...issued])].sort() } };
}

/** A token that ends by itself is a lease of the path that made it. */
async function tokenLease(tokens: TokenRevocation, namespaceId: string, id: string): Promise<Reply> {
  const found = await tokens.findIssued(namespaceId, id);
  if (!found) throw invalidRequest('invalid lease');
  const { entry, secondsLeft } = found;
  return {
    data: {
      id,
      path: id.slice(0, id.lastIndexOf('/')),
      issue_time: new Date(entry.createdMs).toISOString(),
      expire_time: new Date(entry.expiresMs).toISOString(),
      last_renewal: entry.lastRenewalMs === undefined ? null : new Date(entry.lastRenewalMs).toISOString(),
      renewable: entry.renewable,
      ttl: secondsLeft,
    },
  };
}

function renewPaths(leases: Leases): PathDeclaration[] {
  const fields = {
    lease_id: { type: 'string', description: 'Id of the lease', default: '' },
    url_lease_id: { type: 'string', description: 'The same, in the path', default: '' },
    increment: { type: 'duration', description: 'How long from now; 0 for the default', default: 0 },
  } as const;
  const help = { synopsis: 'Renew a lease.', description: 'Extends it from now, up to its maximum.' };
  const declare = (pattern: string) =>
    definePath({
      pattern,
      fields,
      help,
      operations: {
        write: {
          summary: 'Renew a lease',
          async handler(call): Promise<Reply> {
            const id = call.fields.lease_id || call.fields.url_lease_id;
            if (id === '') throw invalidRequest('lease_id must be specified');
            const { warnings = [], ...renewed } = await leases.renew(
              call.namespace,
              id,
              call.fields.increment,
            );
            return { renewed, warnings };
          },
        },
      },
    });
  return [
    declare('leases/renew'),
    declare('leases/renew/{url_lease_id...}'),
    declare('renew'),
    declare('renew/{url_lease_id...}'),
  ];
}

function tidyPath(expiry: Expiry, logger: Logger): PathDeclaration {
  return definePath({
    pattern: 'leases/tidy',
    access: 'sudo',
    fields: {},
    operations: {
      write: {
        summary: 'Clean up after leases',
        async handler() {
          expiry.runOnce().then(
            (looked) => logger.info('lease tidy is done', { looked_at: looked }),
            (error: unknown) =>
              logger.warn('lease tidy failed', {
                error: error instanceof Error ? error.message : 'unknown',
              }),
          );
          return { status: 202, warnings: [tidyStarted] };
        },
      },
    },
    help: {
      synopsis: 'Clean up after leases.',
      description: 'Ends what is due now and drops index entries that lead nowhere. Runs in the background.',
    },
  });
}

function countPaths(leases: Leases): PathDeclaration[] {
  return [
    definePath({
      pattern: 'leases/count',
      fields: {
        type: { type: 'string', description: 'irrevocable or all', default: 'all', query: true },
        include_child_namespaces: {
          type: 'bool',
          description: 'Accepted for Vault’s clients',
          default: false,
          query: true,
        },
      },
      operations: {
        read: {
          summary: 'Count leases',
          pure: true,
          async handler(call) {
            const counted = await leases.count(call.namespace, call.fields.type === 'irrevocable');
            return { data: { lease_count: counted.total, counts: counted.byMount } };
          },
        },
      },
      help: {
        synopsis: 'How many leases there are, by mount.',
        description: '`type=irrevocable` counts those that have ended and could not be taken back yet.',
      },
    }),
    definePath({
      pattern: 'leases',
      fields: {
        type: { type: 'string', description: 'irrevocable', default: 'irrevocable', query: true },
        limit: { type: 'string', description: 'How many at the most', default: '10000', query: true },
      },
      operations: {
        read: {
          summary: 'Leases that could not be taken back yet',
          pure: true,
          async handler(call) {
            const asked = Number.parseInt(call.fields.limit, 10);
            const limit = asked > 0 ? Math.min(asked, 100_000) : 10_000;
            const waiting = await leases.waiting(call.namespace, limit);
            return { data: { lease_count: waiting.length, leases: waiting } };
          },
        },
      },
      help: {
        synopsis: 'Leases that have ended and could not be taken back yet.',
        description: 'Coffer goes on trying for ever; each is shown with its last error.',
      },
    }),
  ];
}
