import { randomUUID } from 'node:crypto';
import { invalidRequest } from '../../contracts/errors.ts';
import { type Call, definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { groupKey, isIdentityId } from '../identity/identity-keys.ts';
import { identityPrefix } from '../identity/identity-parts.ts';
import type { MfaPathOptions } from './mfa-paths.ts';
import type { EnforcementRecord } from './mfa-record.ts';

type Where = Call<object>['namespace'];
type Targets = Pick<
  EnforcementRecord,
  'authMethodAccessors' | 'authMethodTypes' | 'identityGroupIds' | 'identityEntityIds'
>;

const longestName = 256;
const help = {
  synopsis: 'Whose logins need a second factor.',
  description:
    'An enforcement names methods, any of which will do, and the auth mounts, kinds of auth mounts, groups and entities whose logins need one. It holds in namespaces below, too. A login has to satisfy all that apply.',
};
const list = (description: string) => ({ type: 'strings', description }) as const;

/** `identity/mfa/login-enforcement…`. */
export function enforcementPaths(options: MfaPathOptions): PathDeclaration[] {
  return [names(options), named(options)];
}

function names({ configs }: MfaPathOptions): PathDeclaration {
  return definePath({
    pattern: 'mfa/login-enforcement',
    fields: {},
    help,
    operations: {
      list: {
        summary: 'List the enforcements of the namespace',
        pure: true,
        async handler({ namespace }) {
          const { enforcements } = await configs.of(namespace.id);
          if (enforcements.length === 0) return undefined;
          const info = enforcements.map((each) => [each.name, shown(each, namespace)] as const);
          return { data: { key_info: Object.fromEntries(info), keys: info.map(([name]) => name) } };
        },
      },
    },
  });
}

function named(options: MfaPathOptions): PathDeclaration {
  const { configs } = options;
  return definePath({
    pattern: 'mfa/login-enforcement/{name}',
    fields: {
      name: { type: 'string', description: 'Name of the enforcement', required: true },
      mfa_method_ids: list('Ids of methods, any of which will do'),
      auth_method_accessors: list('Auth mounts whose logins need it'),
      auth_method_types: list('Kinds of auth mounts whose logins need it'),
      identity_group_ids: list('Groups whose members need it, direct or not'),
      identity_entity_ids: list('Entities that need it'),
    },
    help,
    operations: {
      read: {
        summary: 'Read an enforcement',
        pure: true,
        async handler({ fields, namespace }) {
          const { enforcements } = await configs.of(namespace.id);
          const found = enforcements.find(({ name }) => name === fields.name);
          return found && { data: shown(found, namespace) };
        },
      },
      delete: {
        summary: 'Delete an enforcement',
        async handler({ fields, namespace }) {
          await configs.change(namespace.id, (before) => {
            const others = before.enforcements.filter(({ name }) => name !== fields.name);
            return others.length === before.enforcements.length
              ? undefined
              : { ...before, enforcements: others };
          });
          return undefined;
        },
      },
      write: {
        summary: 'Create an enforcement, or change what is named of it',
        examples: [
          {
            description: 'For everybody who logs in with a password',
            path: 'mfa/login-enforcement/people',
            data: {
              mfa_method_ids: ['f1b2c3d4-0000-4000-8000-000000000000'],
              auth_method_types: ['userpass'],
            },
          },
        ],
        async handler({ fields, namespace }) {
          const methodIds = fields.mfa_method_ids ?? [];
          if (methodIds.length === 0) throw invalidRequest('missing method ids');
          await checkMethods(options, namespace, methodIds);
          const given: Partial<Targets> = {
            ...(fields.auth_method_accessors ? { authMethodAccessors: fields.auth_method_accessors } : {}),
            ...(fields.auth_method_types ? { authMethodTypes: fields.auth_method_types } : {}),
            ...(fields.identity_group_ids ? { identityGroupIds: fields.identity_group_ids } : {}),
            ...(fields.identity_entity_ids ? { identityEntityIds: fields.identity_entity_ids } : {}),
          };
          await checkTargets(options, namespace, given);
          await write(options, namespace, fields.name, methodIds, given);
          return undefined;
        },
      },
    },
  });
}

async function write(
  { configs }: MfaPathOptions,
  namespace: Where,
  name: string,
  mfaMethodIds: readonly string[],
  given: Partial<Targets>,
): Promise<void> {
  if (name.length > longestName)
    throw invalidRequest(`a name cannot be longer than ${longestName} characters`);
  const newId = randomUUID();
  await configs.change(namespace.id, (before) => {
    const own = before.enforcements.find((each) => each.name === name);
    const none = {
      authMethodAccessors: [],
      authMethodTypes: [],
      identityGroupIds: [],
      identityEntityIds: [],
    };
    const changed: EnforcementRecord = { ...none, id: newId, name, ...own, ...given, mfaMethodIds };
    const { authMethodAccessors, authMethodTypes, identityGroupIds, identityEntityIds } = changed;
    if (
      [authMethodAccessors, authMethodTypes, identityGroupIds, identityEntityIds].every(
        (ids) => ids.length === 0,
      )
    )
      throw invalidRequest(
        'One of auth_method_accessors, auth_method_types, identity_group_ids, identity_entity_ids must be specified',
      );
    const others = before.enforcements.filter((each) => each !== own);
    const enforcements = [...others, changed].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { ...before, enforcements };
  });
}

/** One that does not exist here would lock people out. */
async function checkMethods(
  { configs }: MfaPathOptions,
  namespace: Where,
  ids: readonly string[],
): Promise<void> {
  const known = new Set((await configs.methods(namespace)).map(({ value }) => value.id));
  if (!ids.every((id) => known.has(id))) throw invalidRequest("one of the provided method ids doesn't exist");
}

/** One that does not exist would let people in whom somebody meant to keep out. */
async function checkTargets(
  { mountTable, recordsOf, subjects }: MfaPathOptions,
  namespace: Where,
  given: Partial<Targets>,
): Promise<void> {
  // Tokens are made of tokens there, and nobody logs in.
  const mounts = (await mountTable(namespace)).mounts
    .map(({ entry }) => entry)
    .filter(({ table, type }) => table === 'auth' && type !== 'token');
  if (!(given.authMethodAccessors ?? []).every((given) => mounts.some(({ accessor }) => accessor === given)))
    throw invalidRequest('one of the auth method accessors provided is invalid');
  if (!(given.authMethodTypes ?? []).every((given) => mounts.some(({ type }) => type === given)))
    throw invalidRequest('one of the auth method types provided is invalid');
  const records = recordsOf(namespace.id, identityPrefix);
  for (const id of given.identityGroupIds ?? [])
    if (!isIdentityId(id) || !(await records.get(groupKey(id))))
      throw invalidRequest("one of the provided group ids doesn't exist");
  for (const id of given.identityEntityIds ?? [])
    if (!(await subjects.entity(namespace.id, id)))
      throw invalidRequest("one of the provided entity ids doesn't exist");
}

function shown(enforcement: EnforcementRecord, namespace: Where): JsonObject {
  return {
    auth_method_accessors: enforcement.authMethodAccessors,
    auth_method_types: enforcement.authMethodTypes,
    id: enforcement.id,
    identity_entity_ids: enforcement.identityEntityIds,
    identity_group_ids: enforcement.identityGroupIds,
    mfa_method_ids: enforcement.mfaMethodIds,
    name: enforcement.name,
    namespace_id: namespace.id,
    namespace_path: namespace.path,
  };
}
