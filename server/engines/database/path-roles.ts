import { invalidRequest } from '../../contracts/errors.ts';
import {
  type Call,
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { MountContext } from '../../contracts/secrets-engine.ts';
import { allowsRole, findConnection } from './connection-record.ts';
import { readCredentialSettings } from './credentials.ts';
import { checkedName } from './failures.ts';
import { findRole, type RoleRecord, roleKey } from './role-record.ts';
import { findStaticRole } from './static-role-record.ts';

const statements = 'Statements: text, a list, or JSON in base64. Empty for the database’s own way.';
const fields = {
  name: { type: 'string', description: 'Name of the role.' },
  db_name: { type: 'string', description: 'The connection that the role uses.' },
  creation_statements: {
    type: 'string-list',
    description:
      'How a user is made, with {{name}}, {{password}} and {{expiration}}. A list, or one text with semicolons.',
  },
  revocation_statements: { type: 'string-list', description: `How a user is removed. ${statements}` },
  rollback_statements: {
    type: 'string-list',
    description: `How what a failed creation left is removed. ${statements}`,
  },
  renew_statements: { type: 'string-list', description: `How a user’s end is moved. ${statements}` },
  default_ttl: { type: 'duration', description: 'How long a credential lives; the mount’s when 0.' },
  max_ttl: { type: 'duration', description: 'How long it may live with renewals; the mount’s when 0.' },
  credential_type: {
    type: 'string',
    description: '`password`, or `rsa_private_key` where the database has it.',
  },
  credential_config: { type: 'key-values', description: '`password_policy`, or `key_bits` and `format`.' },
} as const satisfies FieldDeclarations;

type RoleCall = Call<FieldValues<typeof fields>>;

/** `roles/<name>`: what users are made for whoever may read `creds/<name>`. */
export function rolePaths(context: MountContext): PathDeclaration[] {
  const { records } = context;
  return [
    definePath({
      pattern: 'roles/{name}',
      fields,
      help: {
        synopsis: 'Manage roles.',
        description: 'A role says by which statements users are made, and how long they live.',
      },
      exists: async (call) => (await findRole(records, call.fields.name ?? '')) !== undefined,
      operations: {
        read: {
          summary: 'Read a role',
          pure: true,
          handler: async (call) => {
            const stored = await findRole(records, call.fields.name ?? '');
            return stored && { data: shown(stored.value) };
          },
        },
        write: {
          summary: 'Create or change a role',
          handler: (call) => write(context, call),
          examples: [
            {
              description: 'Users who may read, for an hour',
              data: {
                db_name: 'ai-db',
                creation_statements: [
                  `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
                  'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}"',
                ],
                default_ttl: '1h',
                max_ttl: '24h',
              },
            },
          ],
        },
        delete: {
          summary: 'Remove a role; what was made by it lives to its end',
          handler: async (call) => {
            await records.commit({ remove: [roleKey(call.fields.name ?? '')] });
            return undefined;
          },
        },
      },
    }),
    definePath({
      pattern: 'roles',
      fields: {},
      help: { synopsis: 'List roles.', description: 'The names of all roles of this mount.' },
      operations: {
        list: {
          summary: 'List roles',
          pure: true,
          handler: async () => {
            const keys = await records.list(roleKey(''));
            return keys.length === 0 ? undefined : { data: { keys } };
          },
        },
      },
    }),
  ];
}

function shown(role: RoleRecord): JsonObject {
  const { type, config } = role.credential;
  return {
    creation_statements: role.creationStatements,
    ...(Object.keys(config).length > 0 ? { credential_config: config } : {}),
    credential_type: type,
    db_name: role.dbName,
    default_ttl: role.defaultTtlSeconds,
    max_ttl: role.maxTtlSeconds,
    renew_statements: role.renewStatements,
    revocation_statements: role.revocationStatements,
    rollback_statements: role.rollbackStatements,
  };
}

async function write(context: MountContext, call: RoleCall): Promise<Reply | undefined> {
  const { records } = context;
  const name = checkedName(call.fields.name ?? '');
  const stored = await findRole(records, name);
  const other = await findStaticRole(records, name);
  if (other) throw invalidRequest('Role and Static Role names must be unique');
  const role = merged(call, stored?.value);
  const connection = await findConnection(records, role.dbName);
  if (connection && !allowsRole(connection.value, name))
    throw invalidRequest(`${JSON.stringify(name)} is not an allowed role`, {
      hint: `Add it to allowed_roles of config/${role.dbName}.`,
    });
  await records.commit({ expect: [{ key: roleKey(name), stored }], put: [[roleKey(name), role]] });
  if (connection) return undefined;
  return {
    data: null,
    warnings: [
      `there is no connection called ${JSON.stringify(role.dbName)} yet: the role works once there is`,
    ],
  };
}

function merged({ fields: given }: RoleCall, before: RoleRecord | undefined): RoleRecord {
  const dbName = given.db_name ?? before?.dbName ?? '';
  if (dbName === '') throw invalidRequest('database name is required');
  const changesCredential = given.credential_type !== undefined || given.credential_config !== undefined;
  return {
    dbName,
    creationStatements: given.creation_statements ?? before?.creationStatements ?? [],
    renewStatements: given.renew_statements ?? before?.renewStatements ?? [],
    revocationStatements: given.revocation_statements ?? before?.revocationStatements ?? [],
    rollbackStatements: given.rollback_statements ?? before?.rollbackStatements ?? [],
    defaultTtlSeconds: given.default_ttl ?? before?.defaultTtlSeconds ?? 0,
    maxTtlSeconds: given.max_ttl ?? before?.maxTtlSeconds ?? 0,
    credential:
      before && !changesCredential
        ? before.credential
        : readCredentialSettings(
            given.credential_type || before?.credential.type || 'password',
            given.credential_config ?? {},
          ),
  };
}
