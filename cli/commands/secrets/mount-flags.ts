import type { Flag } from '../../command.ts';
import type { Run } from '../../run.ts';

/** Settings that secrets engines and auth methods share, on enabling and on tuning. */
export const mountFlags: readonly Flag[] = [
  { name: 'description', kind: 'text', value: 'TEXT', summary: 'What it is for, in words.' },
  {
    name: 'default-lease-ttl',
    kind: 'duration',
    summary: 'How long leases last when nobody asks for another time.',
  },
  { name: 'max-lease-ttl', kind: 'duration', summary: 'How long leases last at most.' },
  {
    name: 'options',
    kind: 'map',
    value: 'KEY=VALUE',
    summary: 'Options of the engine or method; may be repeated.',
  },
  {
    name: 'audit-non-hmac-request-keys',
    kind: 'list',
    value: 'KEY',
    summary: 'Request field that the audit log records in clear; may be repeated.',
  },
  {
    name: 'audit-non-hmac-response-keys',
    kind: 'list',
    value: 'KEY',
    summary: 'Response field that the audit log records in clear; may be repeated.',
  },
  {
    name: 'listing-visibility',
    kind: 'text',
    value: 'hidden|unauth',
    summary: 'Whether it is listed to people who have not logged in.',
  },
  {
    name: 'passthrough-request-headers',
    kind: 'list',
    value: 'NAME',
    summary: 'Request header handed to the engine or method; may be repeated.',
  },
  {
    name: 'allowed-response-headers',
    kind: 'list',
    value: 'NAME',
    summary: 'Response header that the engine or method may set; may be repeated.',
  },
  {
    name: 'allowed-managed-keys',
    kind: 'list',
    value: 'NAME',
    summary: 'Managed key that the engine may use; may be repeated.',
  },
  { name: 'plugin-version', kind: 'text', value: 'VERSION', summary: 'Version of the plugin to run.' },
];

/** Only for enabling. */
export const enableFlags: readonly Flag[] = [
  { name: 'path', kind: 'text', value: 'PATH', summary: 'Where to mount it.', default: 'its type' },
  {
    name: 'plugin-name',
    kind: 'text',
    value: 'NAME',
    summary: 'Name of the plugin, when the type is `plugin`.',
  },
  { name: 'local', kind: 'boolean', summary: 'Do not replicate it to other clusters.' },
  { name: 'seal-wrap', kind: 'boolean', summary: 'Wrap its critical values with the seal besides.' },
  {
    name: 'external-entropy-access',
    kind: 'boolean',
    summary: "Let it use the seal's source of randomness.",
  },
  { name: 'force-no-cache', kind: 'boolean', summary: 'Read every value from storage.' },
];

export const tokenTypeFlag: Flag = {
  name: 'token-type',
  kind: 'text',
  value: 'TYPE',
  summary: 'Tokens that logins give: default-service, default-batch, service or batch.',
};

/** The settings that were given, in the words of the API. */
export function configOf(run: Run): Record<string, unknown> {
  const { flags } = run;
  const config = {
    default_lease_ttl: leaseTtl(flags.text('default-lease-ttl')),
    max_lease_ttl: leaseTtl(flags.text('max-lease-ttl')),
    audit_non_hmac_request_keys: flags.list('audit-non-hmac-request-keys'),
    audit_non_hmac_response_keys: flags.list('audit-non-hmac-response-keys'),
    listing_visibility: flags.text('listing-visibility'),
    passthrough_request_headers: flags.list('passthrough-request-headers'),
    allowed_response_headers: flags.list('allowed-response-headers'),
    allowed_managed_keys: flags.list('allowed-managed-keys'),
    plugin_version: flags.text('plugin-version'),
    token_type: flags.has('token-type') ? flags.text('token-type') : undefined,
  };
  return withoutUndefined(config);
}

/** A negative time means the system's own. */
function leaseTtl(duration: string | undefined): string | undefined {
  return duration?.startsWith('-') ? 'system' : duration;
}

export function withoutUndefined(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
