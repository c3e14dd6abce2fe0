import { formatShortDuration } from '../../formats/duration/index.ts';
import { type MfaRequirement, mfaRequirementOf } from '../../sdk/mfa-requirement.ts';
import type { Secret, SecretAuth, SecretWrapInfo } from '../../sdk/secret.ts';
import { compare, goQuotedList, goText } from './go-text.ts';
import { mapRows, renderKeyValues } from './table.ts';

type Row = [string, string];

/** The whole of a secret as one table; '' when it holds nothing. */
export function renderSecret(secret: Secret): string {
  const rows: Row[] = [
    ...leaseRows(secret),
    ...(secret.auth === null ? [] : authRows(secret.auth)),
    ...(secret.wrap_info === null ? [] : wrapRows(secret.wrap_info)),
    ...(secret.data === null ? [] : mapRows(secret.data)),
  ];
  return rows.length === 0 ? '' : renderKeyValues(rows);
}

function leaseRows(secret: Secret): Row[] {
  if (secret.lease_duration <= 0) return [];
  const duration = formatShortDuration(secret.lease_duration);
  // A static secret has no lease: its duration only says how long a copy may be kept.
  if (secret.lease_id === '') return [['refresh_interval', duration]];
  return [
    ['lease_id', secret.lease_id],
    ['lease_duration', duration],
    ['lease_renewable', String(secret.renewable)],
  ];
}

/** Of a login without a token: what it needs, as Vault names it. */
function missingRows({ requestId, constraints }: MfaRequirement): Row[] {
  return [
    ['mfa_request_id', requestId],
    ...constraints.flatMap(({ name, methods }) =>
      methods.flatMap((method): Row[] => [
        [`mfa_constraint_${name}_${method.type}_id`, method.id],
        [`mfa_constraint_${name}_${method.type}_uses_passcode`, String(method.usesPasscode)],
        ...(method.name === ''
          ? []
          : [[`mfa_constraint_${name}_${method.type}_name`, method.name] satisfies Row]),
      ]),
    ),
  ];
}

function authRows(auth: SecretAuth): Row[] {
  const missing = mfaRequirementOf(auth);
  if (missing) return missingRows(missing);
  const metadata = Object.entries(auth.metadata ?? {}).sort(([a], [b]) => compare(a, b));
  return [
    ['token', auth.client_token],
    ['token_accessor', auth.accessor],
    ['token_duration', auth.lease_duration === 0 ? '∞' : formatShortDuration(auth.lease_duration)],
    ['token_renewable', String(auth.renewable)],
    ['token_policies', goQuotedList(auth.token_policies)],
    ['identity_policies', goQuotedList(auth.identity_policies)],
    ['policies', goQuotedList(auth.policies)],
    ...metadata.map(([key, value]): Row => [`token_meta_${key}`, goText(value)]),
  ];
}

function wrapRows(info: SecretWrapInfo): Row[] {
  return [
    ['wrapping_token:', info.token],
    ['wrapping_accessor:', info.accessor],
    ['wrapping_token_ttl:', formatShortDuration(info.ttl)],
    ['wrapping_token_creation_time:', goTime(info.creation_time)],
    ['wrapping_token_creation_path:', info.creation_path],
    ...(info.wrapped_accessor === '' ? [] : [['wrapped_accessor:', info.wrapped_accessor] satisfies Row]),
  ];
}

/** RFC 3339 in UTC as Go prints a time: `2026-11-22 04:23:32.98 +0000 UTC`. */
function goTime(time: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T([\d:.]+)Z$/.exec(time);
  return match ? `${match[1]} ${match[2]} +0000 UTC` : time;
}
