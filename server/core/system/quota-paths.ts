import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { Mounts } from '../mounts/mounts.ts';
import { type Namespaces, rootNamespace } from '../namespaces/namespaces.ts';
import { locate } from '../pipeline/routing.ts';
import type { LeaseCountQuota, Quota, QuotaType, RateLimitQuota } from '../quotas/quota.ts';
import type { Quotas } from '../quotas/quotas.ts';
import { checkCanonical } from '../router/canonical-path.ts';

export interface QuotaPathDependencies {
  readonly quotas: Quotas;
  readonly mounts: Mounts;
  readonly namespaces: Namespaces;
}

const commonFields = {
  name: { type: 'string', description: 'Name of the quota', required: true },
  type: { type: 'string', description: 'Ignored: the path says it' },
  path: {
    type: 'string',
    description: 'Empty for everything; a namespace, a mount, a path in a mount, or its beginning with "*"',
    default: '',
  },
  role: { type: 'string', description: 'Only logins with this role, at an auth mount', default: '' },
  inheritable: { type: 'bool', description: 'For namespaces below without a quota of their own, too' },
} as const;

/** `sys/quotas/*`, in the root namespace. */
export function quotaPaths(deps: QuotaPathDependencies): PathDeclaration[] {
  return [
    listPath(deps.quotas, 'rate-limit'),
    rateLimitPath(deps),
    listPath(deps.quotas, 'lease-count'),
    leaseCountPath(deps),
    configPath(deps.quotas),
  ];
}

function listPath(quotas: Quotas, type: QuotaType): PathDeclaration {
  return definePath({
    pattern: `quotas/${type}`,
    rootOnly: true,
    fields: {},
    operations: {
      list: {
        summary: `List the ${type} quotas`,
        pure: true,
        handler: async () => ({ data: { keys: await quotas.list(type) } }),
      },
    },
    help: {
      synopsis: `The names of all ${type} quotas.`,
      description: 'Lists the names of those of all namespaces.',
    },
  });
}

function rateLimitPath(deps: QuotaPathDependencies): PathDeclaration {
  const { quotas } = deps;
  return definePath({
    pattern: 'quotas/rate-limit/{name}',
    rootOnly: true,
    fields: {
      ...commonFields,
      rate: { type: 'float', description: 'Requests of one client address in an interval', default: 0 },
      interval: { type: 'duration', description: 'Length of the interval', default: 1 },
      block_interval: {
        type: 'duration',
        description: 'How long a client that went beyond is refused; 0: to the end of the interval',
        default: 0,
      },
    },
    operations: {
      read: {
        summary: 'Read a rate limit',
        pure: true,
        handler: async ({ fields }) => shown(await quotas.find('rate-limit', fields.name)),
      },
      write: {
        summary: 'Create or replace a rate limit',
        async handler({ fields }) {
          if (!Number.isFinite(fields.rate) || fields.rate <= 0) throw invalidRequest("'rate' is invalid");
          const quota: RateLimitQuota = {
            type: 'rate-limit',
            ...(await placed(deps, fields)),
            rate: fields.rate,
            intervalSeconds: fields.interval === 0 ? 1 : fields.interval,
            blockIntervalSeconds: fields.block_interval,
          };
          await quotas.write(quota);
          return undefined;
        },
      },
      delete: {
        summary: 'Remove a rate limit',
        async handler({ fields }) {
          await quotas.remove('rate-limit', fields.name);
          return undefined;
        },
      },
    },
    help: {
      synopsis: 'A limit on the requests of one client address.',
      description:
        'The most exact quota applies: mount with role, path, mount, namespace, inheritable namespace above. Each process counts for itself.',
    },
  });
}

function leaseCountPath(deps: QuotaPathDependencies): PathDeclaration {
  const { quotas } = deps;
  return definePath({
    pattern: 'quotas/lease-count/{name}',
    rootOnly: true,
    fields: {
      ...commonFields,
      max_leases: { type: 'int', description: 'How many leases there may be', default: 0 },
    },
    operations: {
      read: {
        summary: 'Read a lease-count quota',
        pure: true,
        handler: async ({ fields }) =>
          shown(await quotas.find('lease-count', fields.name), await quotas.countOf(fields.name)),
      },
      write: {
        summary: 'Create or replace a lease-count quota',
        async handler({ fields }) {
          if (fields.max_leases <= 0) throw invalidRequest("'max_leases' is invalid");
          const quota: LeaseCountQuota = {
            type: 'lease-count',
            ...(await placed(deps, fields)),
            maxLeases: fields.max_leases,
          };
          await quotas.write(quota);
          return undefined;
        },
      },
      delete: {
        summary: 'Remove a lease-count quota',
        async handler({ fields }) {
          await quotas.remove('lease-count', fields.name);
          return undefined;
        },
      },
    },
    help: {
      synopsis: 'A limit on how many leases and tokens with an end there are.',
      description: 'What would go beyond is refused with 429. What is there already stays.',
    },
  });
}

interface PlaceFields {
  readonly name: string;
  readonly path: string;
  readonly role: string;
  readonly inheritable: boolean | undefined;
}

/** Finds what the path means and writes it in its one form. Throws 'invalid-request' for a path that leads nowhere. */
async function placed(deps: QuotaPathDependencies, { name, path, role, inheritable }: PlaceFields) {
  const given = path.replace(/^\/+|\/+$/g, '');
  checkCanonical(given);
  const isBeginning = given.endsWith('*');
  const place = await locate(deps, rootNamespace, isBeginning ? given.slice(0, -1) : `${given}/`);
  const { route } = place;
  const kind =
    given === '' || (place.path === '' && !route)
      ? 'namespace'
      : route?.fullPath === place.path
        ? 'mount'
        : 'path';
  if (kind !== 'namespace' && !route)
    throw invalidRequest('the path is neither a namespace nor inside a mount', {
      hint: 'sys/mounts lists mounts.',
    });
  if (isBeginning && kind !== 'path')
    throw invalidRequest('leave the "*" away for a whole mount or namespace');
  if (role !== '' && (kind !== 'mount' || route?.mount.entry.table !== 'auth'))
    throw invalidRequest('a quota with a role needs the path of an auth mount');
  if (inheritable && kind !== 'namespace')
    throw invalidRequest("'inheritable' can only be set for a namespace");
  if (inheritable === false && given === '') throw invalidRequest('all global quotas must be inheritable');
  return {
    name,
    path: kind === 'path' ? given : given === '' ? '' : `${given}/`,
    role,
    inheritable: kind === 'namespace' && (inheritable ?? given === ''),
  };
}

function shown(quota: Quota | undefined, counter = 0): { data: JsonObject } | undefined {
  if (!quota) return undefined;
  const { name, path, role, type, inheritable } = quota;
  const common = { name, path, role, type, inheritable };
  if (quota.type === 'lease-count') return { data: { ...common, max_leases: quota.maxLeases, counter } };
  return {
    data: {
      ...common,
      rate: quota.rate,
      interval: quota.intervalSeconds,
      block_interval: quota.blockIntervalSeconds,
    },
  };
}

function configPath(quotas: Quotas): PathDeclaration {
  return definePath({
    pattern: 'quotas/config',
    rootOnly: true,
    fields: {
      rate_limit_exempt_paths: {
        type: 'strings',
        description: 'Paths in every namespace without a rate limit',
      },
      absolute_rate_limit_exempt_paths: { type: 'strings', description: 'The same, from the root namespace' },
      enable_rate_limit_audit_logging: { type: 'bool', description: 'Audit refused requests' },
      enable_rate_limit_response_headers: { type: 'bool', description: 'Answer with X-Ratelimit-* headers' },
    },
    operations: {
      read: {
        summary: 'Read how quotas work',
        pure: true,
        async handler() {
          const config = await quotas.config();
          return {
            data: {
              absolute_rate_limit_exempt_paths: config.absoluteRateLimitExemptPaths,
              enable_rate_limit_audit_logging: config.enableRateLimitAuditLogging,
              enable_rate_limit_response_headers: config.enableRateLimitResponseHeaders,
              rate_limit_exempt_paths: config.rateLimitExemptPaths,
            },
          };
        },
      },
      write: {
        summary: 'Change how quotas work',
        async handler({ fields }) {
          await quotas.configure({
            ...(fields.rate_limit_exempt_paths && { rateLimitExemptPaths: fields.rate_limit_exempt_paths }),
            ...(fields.absolute_rate_limit_exempt_paths && {
              absoluteRateLimitExemptPaths: fields.absolute_rate_limit_exempt_paths,
            }),
            ...(fields.enable_rate_limit_audit_logging !== undefined && {
              enableRateLimitAuditLogging: fields.enable_rate_limit_audit_logging,
            }),
            ...(fields.enable_rate_limit_response_headers !== undefined && {
              enableRateLimitResponseHeaders: fields.enable_rate_limit_response_headers,
            }),
          });
          return undefined;
        },
      },
    },
    help: {
      synopsis: 'What rate limits leave out and tell.',
      description: 'By default health, seal status, unsealing and root generation are never limited.',
    },
  });
}
