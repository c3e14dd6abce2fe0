import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations, FieldValues } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { LeaseTimes } from '../mounts/mount.ts';
import type { MountConfig, TokenTypeSetting, UserLockoutConfig } from '../mounts/mount-entry.ts';
import { FieldReader } from '../router/fields.ts';

/** What may be set of a mount, at enable (inside `config`) and by tune (at the top). */
export const configFields = {
  default_lease_ttl: {
    type: 'string',
    description: 'Default lease and token TTL; "system" or 0 for the server’s',
  },
  max_lease_ttl: {
    type: 'string',
    description: 'Longest lease and token TTL; "system" or 0 for the server’s',
  },
  force_no_cache: {
    type: 'bool',
    description: 'Accepted for Vault’s clients; caches here are always coherent',
  },
  listing_visibility: {
    type: 'string',
    description: 'unauth shows the mount to callers without a token',
    allowed: ['unauth', 'hidden', ''],
  },
  audit_non_hmac_request_keys: {
    type: 'strings',
    description: 'Request keys that the audit log shows in clear',
  },
  audit_non_hmac_response_keys: {
    type: 'strings',
    description: 'Response keys that the audit log shows in clear',
  },
  passthrough_request_headers: { type: 'strings', description: 'Request headers that the engine is given' },
  allowed_response_headers: {
    type: 'strings',
    description: 'Headers that the engine may set on its answers',
  },
  token_type: {
    type: 'string',
    description: 'Kind of token that logins make',
    allowed: ['default-service', 'default-batch', 'service', 'batch'],
  },
  user_lockout_config: {
    type: 'map',
    description: 'lockout_threshold, lockout_duration, lockout_counter_reset_duration, lockout_disable',
  },
  allowed_managed_keys: { type: 'strings', description: 'Managed keys that the mount may use' },
  identity_token_key: { type: 'string', description: 'Key that signs the identity tokens of this mount' },
  plugin_version: { type: 'string', description: 'Version of the plug-in; only the built-in one is there' },
} as const satisfies FieldDeclarations;

export type ConfigValues = FieldValues<typeof configFields>;

const lockoutFields = {
  lockout_threshold: { type: 'int', description: 'Failed logins before the user is locked out' },
  lockout_duration: { type: 'duration', description: 'How long the lock lasts' },
  lockout_counter_reset_duration: { type: 'duration', description: 'After which failures are forgotten' },
  lockout_disable: { type: 'bool', description: 'No lockout on this mount' },
} as const satisfies FieldDeclarations;

const reader = new FieldReader({
  pattern: '',
  fields: configFields,
  operations: {},
  help: { synopsis: '', description: '' },
});
const lockoutReader = new FieldReader({
  pattern: '',
  fields: lockoutFields,
  operations: {},
  help: { synopsis: '', description: '' },
});
const durationReader = new FieldReader({
  pattern: '',
  fields: { ttl: { type: 'duration', description: '' } },
  operations: {},
  help: { synopsis: '', description: '' },
});

export function readConfig(data: JsonObject): ConfigValues {
  return reader.read({}, data) as ConfigValues;
}

/** `before` with what was given. Throws when the default would outlive the maximum. */
export function mergeConfig(before: MountConfig, given: ConfigValues, system: LeaseTimes): MountConfig {
  const config: MountConfig = {
    ...before,
    ...set('defaultLeaseTtlSeconds', ttlOf(given.default_lease_ttl)),
    ...set('maxLeaseTtlSeconds', ttlOf(given.max_lease_ttl)),
    ...set('forceNoCache', given.force_no_cache),
    ...set('listingVisibility', given.listing_visibility as MountConfig['listingVisibility']),
    ...set('auditNonHmacRequestKeys', given.audit_non_hmac_request_keys),
    ...set('auditNonHmacResponseKeys', given.audit_non_hmac_response_keys),
    ...set('passthroughRequestHeaders', given.passthrough_request_headers),
    ...set('allowedResponseHeaders', given.allowed_response_headers),
    ...set('tokenType', given.token_type as TokenTypeSetting | undefined),
    ...set('allowedManagedKeys', given.allowed_managed_keys),
    ...set('identityTokenKey', given.identity_token_key),
    ...set(
      'userLockout',
      given.user_lockout_config && lockoutOf(before.userLockout, given.user_lockout_config),
    ),
  };
  const longest = config.maxLeaseTtlSeconds || system.maxLeaseTtlSeconds;
  if (config.defaultLeaseTtlSeconds > longest) {
    throw invalidRequest(
      `backend max lease TTL of ${longest} would be less than backend default lease TTL of ${config.defaultLeaseTtlSeconds}`,
    );
  }
  return config;
}

function set<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

/** `system` and 0 leave the time to the server; empty text, which Vault's Go client sends for what it does not set, changes nothing. */
function ttlOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'system') return 0;
  return durationReader.read({}, { ttl: text })['ttl'] as number;
}

function lockoutOf(before: UserLockoutConfig | undefined, data: JsonObject): UserLockoutConfig {
  const given = lockoutReader.read({}, data) as FieldValues<typeof lockoutFields>;
  return {
    ...before,
    ...set('thresholdAttempts', given.lockout_threshold),
    ...set('durationSeconds', given.lockout_duration),
    ...set('counterResetSeconds', given.lockout_counter_reset_duration),
    ...set('disabled', given.lockout_disable),
  };
}
