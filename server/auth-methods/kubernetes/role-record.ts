import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations, FieldValues } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import {
  changeTokenSettings,
  noTokenSettings,
  olderTokenFields,
  shownTokenSettings,
  type TokenSettings,
  tokenFields,
} from '../../contracts/token-fields.ts';
import { randomText } from '../../crypto/random.ts';
import { parseSelector } from './label-selector.ts';

/** A role as stored under `role/<name>`. */
export interface RoleRecord {
  /** Random, so that a new role of the same name renews no token of the former. */
  readonly uid: string;
  readonly name: string;
  readonly accounts: readonly string[];
  /** Null where only the selector decides. */
  readonly namespaces: readonly string[] | null;
  readonly namespaceSelector: string;
  readonly audience: string;
  readonly aliasSource: 'serviceaccount_uid' | 'serviceaccount_name';
  readonly token: TokenSettings;
}

/** Lower case before policies are asked, so that no spelling goes round a rule about one. */
export const roleNameField = {
  type: 'lower-string',
  description: 'Name of the role',
  required: true,
} as const;

export const roleFields = {
  bound_service_account_names: {
    type: 'strings',
    description: 'Service accounts that may log in; `*` stands for any characters',
  },
  bound_service_account_namespaces: {
    type: 'strings',
    description: 'Namespaces whose service accounts may log in; `*` stands for any characters',
  },
  bound_service_account_namespace_selector: {
    type: 'string',
    description: 'The same by labels: a label selector of Kubernetes as JSON',
  },
  audience: { type: 'string', description: 'What has to be among the audiences of a token' },
  alias_name_source: {
    type: 'string',
    description: '`serviceaccount_uid` (the default), or `serviceaccount_name` for namespace/name',
  },
  ...tokenFields,
  policies: olderTokenFields.policies,
  ttl: olderTokenFields.ttl,
  max_ttl: olderTokenFields.max_ttl,
  period: olderTokenFields.period,
  num_uses: olderTokenFields.num_uses,
  bound_cidrs: olderTokenFields.bound_cidrs,
} as const satisfies FieldDeclarations;

export function newRole(name: string): RoleRecord {
  return {
    uid: randomText(20),
    name,
    accounts: [],
    namespaces: null,
    namespaceSelector: '',
    audience: '',
    aliasSource: 'serviceaccount_uid',
    token: noTokenSettings,
  };
}

/** `before` with what `given` names replaced. Throws 'invalid-request'. */
export function changeRole(before: RoleRecord, given: Partial<FieldValues<typeof roleFields>>): RoleRecord {
  const role: RoleRecord = {
    ...before,
    accounts: given.bound_service_account_names ?? before.accounts,
    namespaces: given.bound_service_account_namespaces ?? before.namespaces,
    namespaceSelector: given.bound_service_account_namespace_selector ?? before.namespaceSelector,
    audience: given.audience ?? before.audience,
    aliasSource: aliasSourceOf(given.alias_name_source) ?? before.aliasSource,
    token: changeTokenSettings(before.token, given),
  };
  if (role.accounts.length === 0) throw invalidRequest('"bound_service_account_names" can not be empty');
  if ((role.namespaces ?? []).length === 0 && role.namespaceSelector === '')
    throw invalidRequest(
      '"bound_service_account_namespaces" can not be empty if "bound_service_account_namespace_selector" is not set',
    );
  for (const list of [role.accounts, role.namespaces ?? []]) {
    if (list.includes('')) throw invalidRequest('a bound name is empty');
    if (list.length > 1 && list.includes('*')) throw invalidRequest('can not mix "*" with values');
  }
  if (role.namespaceSelector !== '' && !parseSelector(role.namespaceSelector))
    throw invalidRequest('invalid "bound_service_account_namespace_selector" configured', {
      hint: 'A label selector as JSON, for example {"matchLabels":{"team":"a"}}.',
    });
  return role;
}

function aliasSourceOf(text: string | undefined): RoleRecord['aliasSource'] | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'serviceaccount_uid' || text === 'serviceaccount_name') return text;
  throw invalidRequest('invalid alias_name_source, must be one of: serviceaccount_uid, serviceaccount_name');
}

export function shownRole(role: RoleRecord): JsonObject {
  return {
    alias_name_source: role.aliasSource,
    ...(role.audience === '' ? {} : { audience: role.audience }),
    bound_service_account_names: role.accounts,
    bound_service_account_namespace_selector: role.namespaceSelector,
    bound_service_account_namespaces: role.namespaces,
    ...shownTokenSettings(role.token),
  };
}
