import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Caller, LeaseGrant, Reply } from '../../contracts/request.ts';
import type { EngineLease, MountContext } from '../../contracts/secrets-engine.ts';
import { allowsRole, type ConnectionRecord } from './connection-record.ts';
import type { Connections } from './connections.ts';
import { newCredential } from './credentials.ts';
import { hasNoEffect, type NewUser } from './database-plugin.ts';
import { failed, shownFailure } from './failures.ts';
import type { MadeUserNote, MadeUsers } from './made-users.ts';
import { usernameTemplateOf } from './path-config.ts';
import { findRole, type RoleRecord, ttlOf } from './role-record.ts';
import { statementsOf } from './statement-list.ts';
import { parseUsernameTemplate, renderUsername } from './username.ts';

export interface CredentialParts {
  readonly context: MountContext;
  readonly connections: Connections;
  readonly made: MadeUsers;
}

/** The database ends a user itself a little after the lease, which is what ends it in the usual case. */
const marginMs = 5_000;

/** `creds/<role>`: a user of one's own, with a lease. */
export function credsPath(parts: CredentialParts): PathDeclaration {
  return definePath({
    pattern: 'creds/{name}',
    fields: { name: { type: 'string', description: 'Name of the role.' } },
    help: {
      synopsis: 'Get a new database user.',
      description: 'Each read makes a user by the statements of the role. It lives as long as its lease.',
    },
    operations: {
      read: {
        summary: 'Get a new database user',
        handler: (call) => create(parts, call.fields.name ?? '', call.caller),
      },
    },
  });
}

async function create(parts: CredentialParts, roleName: string, caller: Caller): Promise<Reply> {
  const { context, connections, made } = parts;
  const role = (await findRole(context.records, roleName))?.value;
  if (!role) throw invalidRequest(`unknown role: ${roleName}`);
  const connection = (await connections.find(role.dbName)).value;
  if (!allowsRole(connection, roleName))
    throw invalidRequest(`${JSON.stringify(roleName)} is not an allowed role`, {
      hint: `Add it to allowed_roles of config/${role.dbName}.`,
    });
  const plugin = connections.pluginOf(connection);
  const credential = await newCredential(context, plugin, role.credential, connection.passwordPolicy);
  if (statementsOf(role.creationStatements).length === 0) throw failed('empty creation statements');
  const username = usernameFor(parts, connection, roleName, caller.displayName);
  const { ttlSeconds } = ttlOf(role, context.mount);
  const note = await made.note({
    connection: role.dbName,
    username,
    statements: role.rollbackStatements.length > 0 ? role.rollbackStatements : role.revocationStatements,
  });
  await makeUser(parts, role.dbName, note, {
    username,
    credential: credential.forDatabase,
    expiresAtMs: context.clock.now() + ttlSeconds * 1000 + marginMs,
    statements: role.creationStatements,
  });
  return {
    data: { ...credential.forCaller, username },
    lease: {
      ttlSeconds,
      renewable: true,
      ...(role.maxTtlSeconds > 0 ? { maxTtlSeconds: role.maxTtlSeconds } : {}),
      internal: {
        username,
        role: roleName,
        db_name: role.dbName,
        revocation_statements: role.revocationStatements,
      },
      alongside: made.struckOut(note),
    },
  };
}

function usernameFor(
  { context, connections }: CredentialParts,
  connection: ConnectionRecord,
  roleName: string,
  displayName: string,
): string {
  const plugin = connections.pluginOf(connection);
  const template = parseUsernameTemplate(usernameTemplateOf(connection, plugin), context.clock);
  return renderUsername(template, { displayName, roleName }, plugin.username(connection.pluginName).maxBytes);
}

async function makeUser(
  { connections, made }: CredentialParts,
  connection: string,
  note: MadeUserNote,
  user: NewUser,
): Promise<void> {
  try {
    await connections.use(connection, (database) => database.createUser(user));
  } catch (error) {
    // Else what was sent may still be carried out: the note falls due when that cannot be any more.
    if (hasNoEffect(error)) await made.forget(note);
    throw shownFailure(error);
  }
}

/** Moves the user's end in the database, then lets core write the lease. */
export async function renewCredential(parts: CredentialParts, lease: EngineLease): Promise<LeaseGrant> {
  const { context, connections } = parts;
  const { username, roleName, dbName } = factsOf(lease);
  const role = (await findRole(context.records, roleName))?.value;
  if (!role) throw invalidRequest(`could not find role with name: ${JSON.stringify(roleName)}`);
  const { ttlSeconds, maxTtlSeconds } = ttlOf(role, context.mount);
  const nowMs = context.clock.now();
  const wantedMs = nowMs + (lease.incrementSeconds ?? ttlSeconds) * 1000;
  const expiresAtMs = Math.min(wantedMs, lease.issuedAtMs + maxTtlSeconds * 1000) + marginMs;
  try {
    await connections.use(dbName, (database) =>
      database.setExpiry({ username, expiresAtMs, statements: role.renewStatements }),
    );
  } catch (error) {
    throw shownFailure(error);
  }
  return {
    ttlSeconds,
    renewable: true,
    ...(role.maxTtlSeconds > 0 ? { maxTtlSeconds: role.maxTtlSeconds } : {}),
    internal: lease.internal,
  };
}

/** Rejects to be tried again, for ever. By the statements of the role as it is now, or as it was when it has gone. */
export async function revokeCredential(parts: CredentialParts, lease: EngineLease): Promise<void> {
  const { username, roleName, dbName, statements } = factsOf(lease);
  const role = (await findRole(parts.context.records, roleName))?.value;
  const current: Pick<RoleRecord, 'revocationStatements'> = role ?? { revocationStatements: statements };
  await parts.connections.use(dbName, (database) =>
    database.deleteUser({ username, statements: current.revocationStatements }),
  );
}

function factsOf({ internal }: EngineLease) {
  const text = (name: string): string => {
    const value = internal[name];
    if (typeof value !== 'string') throw failed(`the lease does not say its ${name}`);
    return value;
  };
  const list = internal['revocation_statements'];
  return {
    username: text('username'),
    roleName: text('role'),
    dbName: text('db_name'),
    statements: Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [],
  };
}
