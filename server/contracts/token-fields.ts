import { isAddressAllowed, normalizeRanges } from './address-ranges.ts';
import { CofferError, invalidRequest } from './errors.ts';
import type { FieldDeclarations, FieldValues } from './paths.ts';
import type { AuthGrant, JsonObject } from './request.ts';

/** The fields by which the roles and users of every auth method say what tokens a login gives (Vault's `tokenutil`). */
export const tokenFields = {
  token_policies: { type: 'strings', description: 'Policies of the tokens' },
  token_ttl: {
    type: 'duration',
    description: "How long the tokens live at first; 0 for the mount's default",
  },
  token_max_ttl: {
    type: 'duration',
    description: "How long renewals can keep them alive; 0 for the mount's maximum",
  },
  token_explicit_max_ttl: {
    type: 'duration',
    description: 'A ceiling for their life that later changes of the mount do not move; 0 for none',
  },
  token_period: {
    type: 'duration',
    description: 'Renewed within this time they live for ever; 0 for tokens that end',
  },
  token_num_uses: { type: 'int', description: 'How often each can be used; 0 for no limit' },
  token_bound_cidrs: {
    type: 'strings',
    description: 'Addresses and CIDR blocks from which a login is accepted and its token can be used',
  },
  token_strictly_bind_ip: {
    type: 'bool',
    description: 'The token can be used from the address of its login only',
  },
  token_no_default_policy: { type: 'bool', description: 'Leave out the `default` policy' },
  token_type: {
    type: 'string',
    description:
      '`service`, `batch`, or `default` for what the mount says; `default-service` and `default-batch` where it says nothing',
  },
} as const satisfies FieldDeclarations;

/** Names from before `token_…`; an auth method declares those that it had. They read back only where they were used. */
export const olderTokenFields = {
  policies: { type: 'strings', description: 'Use token_policies', deprecated: true },
  ttl: { type: 'duration', description: 'Use token_ttl', deprecated: true },
  max_ttl: { type: 'duration', description: 'Use token_max_ttl', deprecated: true },
  period: { type: 'duration', description: 'Use token_period', deprecated: true },
  num_uses: { type: 'int', description: 'Use token_num_uses', deprecated: true },
  bound_cidrs: { type: 'strings', description: 'Use token_bound_cidrs', deprecated: true },
} as const satisfies FieldDeclarations;

export type TokenFieldValues = Partial<FieldValues<typeof tokenFields & typeof olderTokenFields>>;

type OlderName = keyof typeof olderTokenFields;

const newerName = {
  policies: 'token_policies',
  ttl: 'token_ttl',
  max_ttl: 'token_max_ttl',
  period: 'token_period',
  num_uses: 'token_num_uses',
  bound_cidrs: 'token_bound_cidrs',
} as const satisfies Record<OlderName, keyof typeof tokenFields>;

/** What a role or user says of its tokens, as stored. Times in seconds; 0 and empty mean unset. */
export interface TokenSettings {
  readonly policies: readonly string[];
  readonly ttlSeconds: number;
  readonly maxTtlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly numUses: number;
  readonly boundCidrs: readonly string[];
  readonly isBoundToLoginAddress: boolean;
  readonly noDefaultPolicy: boolean;
  readonly type: NonNullable<AuthGrant['tokenType']>;
  /** Older names by which settings were given last. */
  readonly olderNames: readonly OlderName[];
}

export const noTokenSettings: TokenSettings = Object.freeze({
  policies: [],
  ttlSeconds: 0,
  maxTtlSeconds: 0,
  explicitMaxTtlSeconds: 0,
  periodSeconds: 0,
  numUses: 0,
  boundCidrs: [],
  isBoundToLoginAddress: false,
  noDefaultPolicy: false,
  type: 'default',
  olderNames: [],
});

/** `before` with what `given` names replaced; a `token_…` name wins over its older one. Throws 'invalid-request' for settings that no token could have. */
export function changeTokenSettings(before: TokenSettings, given: TokenFieldValues): TokenSettings {
  const policies = given.token_policies ?? given.policies;
  const boundCidrs = given.token_bound_cidrs ?? given.bound_cidrs;
  const settings: TokenSettings = {
    policies: policies ? normalizePolicyNames(policies) : before.policies,
    ttlSeconds: given.token_ttl ?? given.ttl ?? before.ttlSeconds,
    maxTtlSeconds: given.token_max_ttl ?? given.max_ttl ?? before.maxTtlSeconds,
    explicitMaxTtlSeconds: given.token_explicit_max_ttl ?? before.explicitMaxTtlSeconds,
    periodSeconds: given.token_period ?? given.period ?? before.periodSeconds,
    numUses: given.token_num_uses ?? given.num_uses ?? before.numUses,
    boundCidrs: boundCidrs ? parseBoundCidrs(boundCidrs) : before.boundCidrs,
    isBoundToLoginAddress: given.token_strictly_bind_ip ?? before.isBoundToLoginAddress,
    noDefaultPolicy: given.token_no_default_policy ?? before.noDefaultPolicy,
    type: given.token_type === undefined ? before.type : tokenTypeOf(given.token_type),
    olderNames: olderNamesAfter(before.olderNames, given),
  };
  check(settings);
  return settings;
}

/** Lower-cased, each once, sorted, as policies are named. */
export function normalizePolicyNames(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''))].sort();
}

/** Throws 'invalid-request' when one is neither an address nor a CIDR block. */
export function parseBoundCidrs(texts: readonly string[]): readonly string[] {
  const parsed = normalizeRanges(texts);
  if ('ranges' in parsed) return parsed.ranges;
  throw invalidRequest('a bound CIDR is neither an address nor a CIDR block', {
    hint: 'For example 10.0.0.0/8 or 2001:db8::1.',
  });
}

/** The settings under the names of `tokenFields`, and those older names that were used. */
export function shownTokenSettings(settings: TokenSettings): JsonObject {
  const data: Record<keyof typeof tokenFields, unknown> & Record<string, unknown> = {
    token_bound_cidrs: settings.boundCidrs,
    token_explicit_max_ttl: settings.explicitMaxTtlSeconds,
    token_max_ttl: settings.maxTtlSeconds,
    token_no_default_policy: settings.noDefaultPolicy,
    token_num_uses: settings.numUses,
    token_period: settings.periodSeconds,
    token_policies: settings.policies,
    token_strictly_bind_ip: settings.isBoundToLoginAddress,
    token_ttl: settings.ttlSeconds,
    token_type: settings.type,
  };
  for (const name of settings.olderNames) {
    const value = data[newerName[name]];
    if (Array.isArray(value) ? value.length > 0 : value !== 0) data[name] = value;
  }
  return data;
}

type TokenGrant = Pick<
  AuthGrant,
  | 'policies'
  | 'ttlSeconds'
  | 'maxTtlSeconds'
  | 'explicitMaxTtlSeconds'
  | 'periodSeconds'
  | 'numUses'
  | 'boundCidrs'
  | 'noDefaultPolicy'
  | 'tokenType'
>;

/**
 * The part of a login's grant that the settings decide. Throws 'permission-denied' when the login comes from
 * outside the bound addresses, so call it after the caller has proved who it is.
 */
export function grantedToken(settings: TokenSettings, remoteAddress: string): TokenGrant {
  if (!isAddressAllowed(settings.boundCidrs, remoteAddress)) {
    throw new CofferError('permission-denied', undefined, { detail: 'login from outside token_bound_cidrs' });
  }
  return {
    policies: settings.policies,
    ttlSeconds: settings.ttlSeconds,
    maxTtlSeconds: settings.maxTtlSeconds,
    explicitMaxTtlSeconds: settings.explicitMaxTtlSeconds,
    periodSeconds: settings.periodSeconds,
    numUses: settings.numUses,
    boundCidrs: settings.isBoundToLoginAddress ? [loginAddress(remoteAddress)] : settings.boundCidrs,
    noDefaultPolicy: settings.noDefaultPolicy,
    tokenType: settings.type,
  };
}

function loginAddress(remoteAddress: string): string {
  const parsed = normalizeRanges([remoteAddress.split('%')[0] ?? '']);
  const [address] = 'ranges' in parsed ? parsed.ranges : [];
  if (address === undefined)
    throw new CofferError('permission-denied', undefined, { detail: 'login from no IP address' });
  return address;
}

/** A grant as a renewal leaves it: times are what the settings say now, everything else is as it was at the login. */
export function renewedToken(settings: TokenSettings, grant: AuthGrant): AuthGrant {
  return {
    ...grant,
    ttlSeconds: settings.ttlSeconds,
    maxTtlSeconds: settings.maxTtlSeconds,
    periodSeconds: settings.periodSeconds,
  };
}

function olderNamesAfter(before: readonly OlderName[], given: TokenFieldValues): readonly OlderName[] {
  const after = (Object.keys(newerName) as OlderName[]).filter((name) => {
    if (given[name] !== undefined) return true;
    return before.includes(name) && given[newerName[name]] === undefined;
  });
  return after;
}

function tokenTypeOf(text: string): TokenSettings['type'] {
  switch (text) {
    case 'service':
    case 'batch':
    case 'default-service':
    case 'default-batch':
      return text;
    case '':
    case 'default':
      return 'default';
    default:
      throw invalidRequest("invalid 'token_type' value");
  }
}

function check(settings: TokenSettings): void {
  if (settings.numUses < 0) throw invalidRequest("'token_num_uses' cannot be negative");
  if (settings.maxTtlSeconds > 0 && settings.ttlSeconds > settings.maxTtlSeconds)
    throw invalidRequest("'token_ttl' cannot be greater than 'token_max_ttl'");
  if (settings.type !== 'batch' && settings.type !== 'default-batch') return;
  if (settings.periodSeconds > 0)
    throw invalidRequest(
      "'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens",
    );
  if (settings.numUses > 0)
    throw invalidRequest(
      "'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count",
    );
}
