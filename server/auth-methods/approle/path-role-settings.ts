import { invalidRequest } from '../../contracts/errors.ts';
import {
  type Call,
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import { shownTokenSettings } from '../../contracts/token-fields.ts';
import { unsupportedPath } from './path-role-id.ts';
import {
  changeRole,
  listOrNull,
  type RoleChange,
  type RoleRecord,
  roleFields,
  roleNameField,
} from './role-record.ts';
import type { RoleStore } from './role-store.ts';

const role_name = roleNameField;
const older =
  'The "bound_cidr_list" field is deprecated and will be removed. Please use "secret_id_bound_cidrs" instead.';

type SettingCall = Call<{ readonly role_name: string } & RoleChange>;

/** A setting of a role that has a path of its own below `role/<name>/`. */
interface Setting {
  /** What a reader sees. */
  show(role: RoleRecord): JsonObject;
  /** What deleting it sets. */
  readonly cleared: RoleChange;
  /** What the error calls it when a write does not name it; without, such a write changes nothing. */
  readonly missing?: string;
  readonly warnings?: readonly string[];
}

/** The settings of a role one by one, so that a policy can allow to change one and not the others. */
export function roleSettingPaths(roles: RoleStore): PathDeclaration[] {
  return [...secretIdSettings(roles), ...addressSettings(roles), ...tokenSettings(roles)];
}

function path<const F extends FieldDeclarations>(name: string, fields: F) {
  return {
    pattern: `role/{role_name}/${name}`,
    fields,
    help: {
      synopsis: `The setting ${name} of a role.`,
      description: 'As in the role itself. Deleting it sets it back to what a new role has.',
    },
  };
}

function secretIdSettings(roles: RoleStore): PathDeclaration[] {
  const { bind_secret_id, secret_id_num_uses, secret_id_ttl } = roleFields;
  return [
    definePath({
      ...path('bind-secret-id', { role_name, bind_secret_id }),
      operations: operations(roles, {
        show: (role) => ({ bind_secret_id: role.bindSecretId }),
        cleared: { bind_secret_id: true },
        missing: 'bind_secret_id',
      }),
    }),
    definePath({
      ...path('secret-id-num-uses', { role_name, secret_id_num_uses }),
      operations: operations(roles, {
        show: (role) => ({ secret_id_num_uses: role.secretIdNumUses }),
        cleared: { secret_id_num_uses: 0 },
        missing: 'secret_id_num_uses',
      }),
    }),
    definePath({
      ...path('secret-id-ttl', { role_name, secret_id_ttl }),
      operations: operations(roles, {
        show: (role) => ({ secret_id_ttl: role.secretIdTtlSeconds }),
        cleared: { secret_id_ttl: 0 },
        missing: 'secret_id_ttl',
      }),
    }),
    definePath({
      ...path('local-secret-ids', { role_name }),
      operations: {
        read: operations(roles, {
          show: (role) => ({ local_secret_ids: role.localSecretIds }),
          cleared: {},
        }).read,
      },
    }),
  ];
}

function addressSettings(roles: RoleStore): PathDeclaration[] {
  const { bound_cidr_list, secret_id_bound_cidrs, token_bound_cidrs } = roleFields;
  return [
    definePath({
      ...path('bound-cidr-list', { role_name, bound_cidr_list }),
      operations: operations(roles, {
        show: (role) => ({ bound_cidr_list: listOrNull(role.secretIdBoundCidrs) }),
        cleared: { bound_cidr_list: [] },
        warnings: [older],
      }),
    }),
    definePath({
      ...path('secret-id-bound-cidrs', { role_name, secret_id_bound_cidrs }),
      operations: operations(roles, {
        show: (role) => ({ secret_id_bound_cidrs: listOrNull(role.secretIdBoundCidrs) }),
        cleared: { secret_id_bound_cidrs: [] },
      }),
    }),
    definePath({
      ...path('token-bound-cidrs', { role_name, token_bound_cidrs }),
      operations: operations(roles, {
        show: (role) => ({ token_bound_cidrs: listOrNull(role.token.boundCidrs) }),
        cleared: { token_bound_cidrs: [] },
      }),
    }),
  ];
}

function tokenSettings(roles: RoleStore): PathDeclaration[] {
  const { token_policies, policies, token_period, period } = roleFields;
  const { token_num_uses, token_ttl, token_max_ttl } = roleFields;
  return [
    definePath({
      ...path('policies', { role_name, token_policies, policies }),
      operations: operations(roles, {
        show: (role) => tokenSetting(role, 'token_policies', 'policies'),
        cleared: { token_policies: [] },
        missing: 'token_policies',
      }),
    }),
    definePath({
      ...path('period', { role_name, token_period, period }),
      operations: operations(roles, {
        show: (role) => tokenSetting(role, 'token_period', 'period'),
        cleared: { token_period: 0 },
        missing: 'period',
      }),
    }),
    definePath({
      ...path('token-num-uses', { role_name, token_num_uses }),
      operations: operations(roles, {
        show: (role) => tokenSetting(role, 'token_num_uses'),
        cleared: { token_num_uses: 0 },
        missing: 'token_num_uses',
      }),
    }),
    definePath({
      ...path('token-ttl', { role_name, token_ttl }),
      operations: operations(roles, {
        show: (role) => tokenSetting(role, 'token_ttl'),
        cleared: { token_ttl: 0 },
        missing: 'token_ttl',
      }),
    }),
    definePath({
      ...path('token-max-ttl', { role_name, token_max_ttl }),
      operations: operations(roles, {
        show: (role) => tokenSetting(role, 'token_max_ttl'),
        cleared: { token_max_ttl: 0 },
        missing: 'token_max_ttl',
      }),
    }),
  ];
}

function tokenSetting(role: RoleRecord, ...names: readonly string[]): JsonObject {
  const shown = shownTokenSettings(role.token);
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(shown, name) ? [[name, shown[name]]] : [])),
  );
}

function operations(roles: RoleStore, { show, cleared, missing, warnings }: Setting) {
  return {
    read: {
      summary: 'Read the setting',
      pure: true,
      async handler({ fields }: SettingCall): Promise<Reply | undefined> {
        const role = await roles.find(fields.role_name);
        return role && { data: show(role), ...(warnings ? { warnings } : {}) };
      },
    },
    write: {
      summary: 'Change the setting',
      async handler({ fields }: SettingCall): Promise<undefined> {
        const { role_name: name, ...given }: FieldValues<{ role_name: typeof roleNameField }> & RoleChange =
          fields;
        const isEmpty = Object.values(given).every((value) => value === undefined);
        if (isEmpty && missing) throw invalidRequest(`missing ${missing}`);
        const change = (role: RoleRecord) => (isEmpty ? role : changeRole(role, given, false));
        if (!(await roles.change(name, change, true))) throw unsupportedPath();
      },
    },
    delete: {
      summary: 'Set it back to what a new role has',
      async handler({ fields }: SettingCall): Promise<undefined> {
        await roles.change(fields.role_name, (role) => changeRole(role, cleared, false), true);
      },
    },
  };
}
