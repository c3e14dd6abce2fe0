import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { AuthGrant, Caller } from '../../contracts/request.ts';
import type { IssuedToken, NewToken } from '../../contracts/token-service.ts';
import type { LeaseTimes, Mount } from '../mounts/mount.ts';
import { type Lifetime, lifetimeFrom } from './lifetime.ts';
import { normalizePolicies, type TokenEntry } from './token-entry.ts';
import { randomName, withNamespace } from './token-names.ts';

/** An entry with nothing in it yet but its accessor. */
export function blankEntry(nowMs: number, namespaceId: string): TokenEntry {
  return {
    accessor: withNamespace(randomName(), namespaceId),
    type: 'service',
    policies: [],
    displayName: '',
    metadata: null,
    path: '',
    createdMs: nowMs,
    creationTtlSeconds: 0,
    explicitMaxTtlSeconds: 0,
    periodSeconds: 0,
    maxTtlSeconds: 0,
    expiresMs: 0,
    renewable: false,
    numUses: 0,
    entityId: '',
    role: '',
    boundCidrs: [],
  };
}

/** The entry of a token made from a token. A root token for which no time was asked never ends. */
export function createdEntry(
  wanted: NewToken,
  parent: Caller,
  namespaceId: string,
  mount: LeaseTimes,
  nowMs: number,
): { entry: TokenEntry; lifetime: Lifetime } {
  const unlimited =
    wanted.policies.includes('root') &&
    wanted.ttlSeconds === 0 &&
    wanted.periodSeconds === 0 &&
    wanted.explicitMaxTtlSeconds === 0;
  const lifetime = unlimited
    ? { ttlSeconds: 0, warnings: [] }
    : lifetimeFrom({ ...wanted, mount, createdMs: nowMs, nowMs });
  const entry: TokenEntry = {
    ...blankEntry(nowMs, namespaceId),
    type: wanted.type,
    policies: wanted.policies,
    displayName: wanted.displayName,
    metadata: wanted.metadata,
    path: wanted.path,
    creationTtlSeconds: lifetime.ttlSeconds,
    explicitMaxTtlSeconds: wanted.explicitMaxTtlSeconds,
    periodSeconds: wanted.periodSeconds,
    expiresMs: unlimited ? 0 : nowMs + lifetime.ttlSeconds * 1000,
    renewable: wanted.renewable && !unlimited && wanted.type === 'service',
    numUses: wanted.numUses,
    role: wanted.role,
    boundCidrs: wanted.boundCidrs,
    ...(wanted.orphan ? {} : { parent: { digest: parent.tokenHandle, namespaceId: parent.namespaceId } }),
  };
  return { entry, lifetime };
}

/** The entry of the token that a login gets, as the auth method granted it. Always an orphan. */
export function loginEntry(
  grant: AuthGrant,
  mount: Mount,
  namespaceId: string,
  path: string,
  nowMs: number,
): { entry: TokenEntry; lifetime: Lifetime } {
  const type = tokenTypeOf(grant.tokenType, mount.entry.config.tokenType);
  const policies = normalizePolicies(grant.policies, !(grant.noDefaultPolicy ?? false));
  if (policies.includes('root'))
    throw new CofferError('permission-denied', undefined, {
      detail: 'an auth method may not hand out the root policy',
    });
  if (type === 'batch' && (grant.numUses || grant.periodSeconds))
    throw invalidRequest('batch tokens cannot have a period or a number of uses');
  const lifetime = lifetimeFrom({
    ttlSeconds: grant.ttlSeconds ?? 0,
    periodSeconds: grant.periodSeconds ?? 0,
    explicitMaxTtlSeconds: grant.explicitMaxTtlSeconds ?? 0,
    maxTtlSeconds: grant.maxTtlSeconds ?? 0,
    mount: mount.info,
    createdMs: nowMs,
    nowMs,
  });
  const { internal, ...shownGrant } = grant;
  const entry: TokenEntry = {
    ...blankEntry(nowMs, namespaceId),
    type,
    policies,
    displayName: displayNameOf(mount, grant.displayName),
    metadata: grant.metadata,
    path,
    creationTtlSeconds: lifetime.ttlSeconds,
    explicitMaxTtlSeconds: grant.explicitMaxTtlSeconds ?? 0,
    periodSeconds: grant.periodSeconds ?? 0,
    maxTtlSeconds: grant.maxTtlSeconds ?? 0,
    expiresMs: nowMs + lifetime.ttlSeconds * 1000,
    renewable: grant.renewable && type === 'service',
    numUses: grant.numUses ?? 0,
    boundCidrs: grant.boundCidrs ?? [],
    login: { mountUuid: mount.entry.uuid, internal: internal ?? {}, grant: shownGrant },
  };
  return { entry, lifetime };
}

/** What the client is told. `token` is empty where the caller may not learn it. */
export function issuedToken(
  token: string,
  entry: TokenEntry,
  lifetime: Lifetime,
  identityPolicies: readonly string[] = [],
): IssuedToken {
  return {
    clientToken: token,
    accessor: entry.accessor,
    policies:
      identityPolicies.length > 0
        ? [...new Set([...entry.policies, ...identityPolicies])].sort()
        : entry.policies,
    tokenPolicies: entry.policies,
    ...(identityPolicies.length > 0 ? { identityPolicies } : {}),
    metadata: entry.metadata,
    leaseDurationSeconds: lifetime.ttlSeconds,
    renewable: entry.renewable,
    entityId: entry.entityId,
    tokenType: entry.type,
    orphan: entry.parent === undefined,
    numUses: entry.numUses,
    warnings: lifetime.warnings,
  };
}

/** As Vault's: the mount's path, a dash, the name that the method gave. */
function displayNameOf(mount: Mount, name: string): string {
  const at = mount.entry.path.slice(0, -1).replaceAll('/', '-');
  return name === '' ? at : `${at}-${name}`;
}

/** Vault's rule: a mount set to service or batch decides; its defaults give way to what the login asks for. */
function tokenTypeOf(asked: AuthGrant['tokenType'], mount: string | undefined): 'service' | 'batch' {
  if (mount === 'service' || mount === 'batch') return mount;
  if (asked === 'service' || asked === 'batch') return asked;
  if (asked === 'default-batch' || mount === 'default-batch') return 'batch';
  return 'service';
}
