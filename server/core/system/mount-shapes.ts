import type { JsonObject } from '../../contracts/request.ts';
import type { Mount } from '../mounts/mount.ts';
import type { MountConfig, MountEntry } from '../mounts/mount-entry.ts';

/** One mount as `sys/mounts` and `sys/auth` list it. */
export function shownEntry(entry: MountEntry, version: string): JsonObject {
  return {
    accessor: entry.accessor,
    config: shownConfig(entry),
    deprecation_status: 'supported',
    description: entry.description,
    external_entropy_access: entry.externalEntropyAccess,
    local: entry.local,
    options: entry.options,
    plugin_version: entry.pluginVersion,
    running_plugin_version: version,
    running_sha256: '',
    seal_wrap: entry.sealWrap,
    type: entry.type,
    uuid: entry.uuid,
  };
}

function shownConfig(entry: MountEntry): JsonObject {
  const { config } = entry;
  return {
    default_lease_ttl: config.defaultLeaseTtlSeconds,
    force_no_cache: config.forceNoCache,
    max_lease_ttl: config.maxLeaseTtlSeconds,
    ...(entry.table === 'auth' ? { token_type: config.tokenType ?? 'default-service' } : {}),
    ...optionalConfig(config),
  };
}

/** `tune` reads the times in force, not the ones set. */
export function shownTune(mount: Mount): JsonObject {
  const { entry } = mount;
  const { userLockout } = entry.config;
  return {
    default_lease_ttl: mount.info.defaultLeaseTtlSeconds,
    description: entry.description,
    force_no_cache: entry.config.forceNoCache,
    max_lease_ttl: mount.info.maxLeaseTtlSeconds,
    ...(entry.table === 'auth' ? { token_type: entry.config.tokenType ?? 'default-service' } : {}),
    ...(entry.options && Object.keys(entry.options).length > 0 ? { options: entry.options } : {}),
    ...optionalConfig(entry.config),
    ...(userLockout
      ? {
          user_lockout_counter_reset_duration: userLockout.counterResetSeconds ?? 0,
          user_lockout_disable: userLockout.disabled ?? false,
          user_lockout_duration: userLockout.durationSeconds ?? 0,
          user_lockout_threshold: userLockout.thresholdAttempts ?? 0,
        }
      : {}),
  };
}

function optionalConfig(config: MountConfig): JsonObject {
  return {
    ...(config.listingVisibility ? { listing_visibility: config.listingVisibility } : {}),
    ...(config.auditNonHmacRequestKeys?.length
      ? { audit_non_hmac_request_keys: config.auditNonHmacRequestKeys }
      : {}),
    ...(config.auditNonHmacResponseKeys?.length
      ? { audit_non_hmac_response_keys: config.auditNonHmacResponseKeys }
      : {}),
    ...(config.passthroughRequestHeaders?.length
      ? { passthrough_request_headers: config.passthroughRequestHeaders }
      : {}),
    ...(config.allowedResponseHeaders?.length
      ? { allowed_response_headers: config.allowedResponseHeaders }
      : {}),
    ...(config.allowedManagedKeys?.length ? { allowed_managed_keys: config.allowedManagedKeys } : {}),
    ...(config.identityTokenKey ? { identity_token_key: config.identityTokenKey } : {}),
  };
}
