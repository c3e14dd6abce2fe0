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
import {
  type ConnectionRecord,
  connectionKey,
  findConnection,
  shownDetails,
  textDetail,
} from './connection-record.ts';
import type { Connections } from './connections.ts';
import { DatabaseError, type DatabasePlugin } from './database-plugin.ts';
import { checkedName, messageOf } from './failures.ts';
import { parseUsernameTemplate } from './username.ts';

const fields = {
  name: { type: 'string', description: 'Name of the connection.' },
  plugin_name: { type: 'string', description: 'The kind of database: `postgresql-database-plugin` …' },
  plugin_version: { type: 'string', description: 'Accepted and kept; every database has one version here.' },
  verify_connection: {
    type: 'bool',
    description: 'Connect once before the configuration is stored.',
    default: true,
  },
  allowed_roles: {
    type: 'strings',
    description: 'Roles that may use the connection; `*` in a name stands for any text.',
  },
  root_rotation_statements: {
    type: 'string-list',
    description:
      'How the password of the connection’s own user is changed; the database’s own way when empty.',
    aliases: ['root_credentials_rotate_statements'],
  },
  password_policy: { type: 'string', description: 'Password policy by which passwords are made.' },
} as const satisfies FieldDeclarations;

type ConfigCall = Call<FieldValues<typeof fields>>;

/** `config/<name>`: how Coffer reaches a database. Words that belong to one kind of database are its own. */
export function configPaths(context: MountContext, connections: Connections): PathDeclaration[] {
  return [
    definePath({
      pattern: 'config/{name}',
      fields,
      anyFields: true,
      help: {
        synopsis: 'Configure a connection to a database.',
        description:
          'Besides these fields each kind of database has its own, such as `connection_url`, `username` and `password`. A write changes what it names. Secrets are never returned.',
      },
      exists: async (call) => (await findConnection(context.records, call.fields.name ?? '')) !== undefined,
      operations: {
        read: {
          summary: 'Read a connection',
          pure: true,
          handler: (call) => read(context, connections, call.fields.name ?? ''),
        },
        write: {
          summary: 'Configure a connection',
          handler: (call) => write(context, connections, call),
          examples: [
            {
              description: 'PostgreSQL',
              data: {
                plugin_name: 'postgresql-database-plugin',
                connection_url: 'postgresql://{{username}}:{{password}}@db:5432/aidata',
                username: 'vault-admin',
                password: '…',
                allowed_roles: ['model-server'],
              },
            },
          ],
        },
        delete: {
          summary: 'Remove a connection; leases that need it wait until it is there again',
          handler: async (call) => {
            const name = call.fields.name ?? '';
            const stored = await findConnection(context.records, name);
            if (stored) await connections.write(name, stored, undefined);
            connections.reset(name);
            return undefined;
          },
        },
      },
    }),
    definePath({
      pattern: 'config',
      fields: {},
      help: { synopsis: 'List connections.', description: 'The names of all connections of this mount.' },
      operations: {
        list: {
          summary: 'List connections',
          pure: true,
          handler: async () => {
            const keys = await context.records.list(connectionKey(''));
            return keys.length === 0 ? undefined : { data: { keys } };
          },
        },
      },
    }),
  ];
}

async function read(
  context: MountContext,
  connections: Connections,
  name: string,
): Promise<Reply | undefined> {
  const stored = await findConnection(context.records, name);
  if (!stored) return undefined;
  stored.memo ??= shown(stored.value, connections.catalog.find(stored.value.pluginName));
  // Only this path keeps anything beside a connection's record.
  return { data: stored.memo as JsonObject };
}

function shown(record: ConnectionRecord, plugin: DatabasePlugin | undefined): JsonObject {
  const details = shownDetails(record.details);
  const url = textDetail(details, 'connection_url');
  return {
    allowed_roles: record.allowedRoles,
    connection_details: {
      ...details,
      ...(url === '' ? {} : { connection_url: plugin?.maskUrl ? plugin.maskUrl(url).masked : 'hidden' }),
    },
    password_policy: record.passwordPolicy,
    plugin_name: record.pluginName,
    plugin_version: '',
    root_credentials_rotate_statements: record.rootRotationStatements,
  };
}

async function write(
  context: MountContext,
  connections: Connections,
  call: ConfigCall,
): Promise<Reply | undefined> {
  const name = checkedName(call.fields.name ?? '');
  const stored = await findConnection(context.records, name);
  const { record, ignored } = merged(call, stored?.value, connections);
  const plugin = connections.pluginOf(record);
  try {
    // Without a connection, so that what is wrong is said whether it is verified or not.
    await plugin.open({ pluginName: record.pluginName, details: record.details }).close();
    parseUsernameTemplate(usernameTemplateOf(record, plugin), context.clock);
    if (call.fields.verify_connection) await verify(connections, record);
  } catch (error) {
    throw invalidRequest(`error creating database object: ${messageOf(error)}`, { cause: error });
  }
  await connections.write(name, stored, record);
  connections.reset(name);
  const warnings = warningsFor(record, plugin, ignored);
  return warnings.length > 0 ? { data: null, warnings } : undefined;
}

/** What a connection's users are named by. */
export function usernameTemplateOf(record: ConnectionRecord, plugin: DatabasePlugin): string {
  return textDetail(record.details, 'username_template') || plugin.username(record.pluginName).template;
}

async function verify(connections: Connections, record: ConnectionRecord): Promise<void> {
  const { pluginName, details, pending } = record;
  try {
    await connections.verify(pluginName, details);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    // A root rotation that was interrupted: the other password may be the one in force.
    if (error.kind === 'denied' && pending) {
      const other = { ...details, password: pending.password };
      if (
        await connections.verify(pluginName, other).then(
          () => true,
          () => false,
        )
      )
        return;
    }
    throw new DatabaseError(error.kind, `error verifying connection: ${error.message}`);
  }
}

function merged(
  call: ConfigCall,
  before: ConnectionRecord | undefined,
  connections: Connections,
): { record: ConnectionRecord; ignored: string[] } {
  const given = call.fields;
  const pluginName = given.plugin_name ?? before?.pluginName ?? '';
  if (pluginName === '') throw invalidRequest('empty plugin name');
  let plugin: DatabasePlugin;
  try {
    plugin = connections.pluginOf({ pluginName });
  } catch (error) {
    throw invalidRequest(`error creating database object: ${messageOf(error)}`, {
      hint: `This server has: ${connections.catalog.pluginNames.join(', ')}.`,
    });
  }
  const details: Record<string, unknown> = before?.pluginName === pluginName ? { ...before.details } : {};
  const ignored: string[] = [];
  for (const [word, value] of Object.entries(call.data)) {
    if (Object.hasOwn(fields, word) || word === 'root_credentials_rotate_statements') continue;
    if (!plugin.details.includes(word)) ignored.push(word);
    else if (value !== null) details[word] = value;
  }
  const hasNewCredentials = call.data['password'] !== undefined || call.data['username'] !== undefined;
  return {
    ignored,
    record: {
      pluginName,
      details,
      allowedRoles: given.allowed_roles ?? before?.allowedRoles ?? [],
      rootRotationStatements: given.root_rotation_statements ?? before?.rootRotationStatements ?? [],
      passwordPolicy: given.password_policy ?? before?.passwordPolicy ?? '',
      ...(before?.pending && !hasNewCredentials ? { pending: before.pending } : {}),
    },
  };
}

function warningsFor(record: ConnectionRecord, plugin: DatabasePlugin, ignored: readonly string[]): string[] {
  const warnings: string[] = [];
  if (plugin.maskUrl?.(textDetail(record.details, 'connection_url')).hasPassword)
    warnings.push(
      'Password found in connection_url, use a templated url to enable root rotation and prevent read access to password information.',
    );
  if (ignored.length > 0) {
    const names = ignored.slice(0, 100).map((word) => word.slice(0, 200));
    warnings.push(`Endpoint ignored these unrecognized parameters: [${names.sort().join(' ')}]`);
  }
  return warnings;
}
