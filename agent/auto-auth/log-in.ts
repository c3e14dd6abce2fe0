import fs from 'node:fs/promises';
import { isObject, type Secret, type SecretAuth } from '../../sdk/secret.ts';
import type { MethodSettings } from '../configuration/configuration.ts';
import { ServerConnection } from '../connection/server-connection.ts';

/** What a login gave. */
export interface Login {
  readonly token: string;
  /** 0 for a token that does not expire. */
  readonly ttlSeconds: number;
  readonly renewable: boolean;
}

/** Of files that are removed once read, what was in them, for the next login. */
export type Kept = Map<string, string>;

/** Logs in once. Throws what the client throws, and errors of reading files; no message holds what a file held. */
export async function logIn(
  connection: ServerConnection,
  method: MethodSettings,
  kept: Kept,
): Promise<Login> {
  switch (method.type) {
    case 'token_file':
      return lookUp(connection, method.namespace, await readSecretFile(method.tokenFile));
    case 'approle':
      return post(connection, method, await appRoleBody(connection, method, kept));
    case 'kubernetes':
      return post(connection, method, { role: method.role, jwt: await readSecretFile(method.tokenFile) });
    case 'jwt': {
      const jwt = await readOnce(method.tokenFile, method.removesToken, kept);
      return post(connection, method, { role: method.role, jwt });
    }
    case 'cert':
      return byCertificate(connection, method);
  }
}

async function byCertificate(
  connection: ServerConnection,
  method: Extract<MethodSettings, { type: 'cert' }>,
): Promise<Login> {
  const { settings } = connection;
  // Read anew each time: certificates are replaced while the agent runs.
  const own = new ServerConnection({
    ...settings,
    caCert: method.caCert ?? settings.caCert,
    clientCert: method.clientCert ?? settings.clientCert,
    clientKey: method.clientKey ?? settings.clientKey,
  });
  try {
    return await post(own, method, method.name === undefined ? {} : { name: method.name });
  } finally {
    own.close();
  }
}

async function post(
  connection: ServerConnection,
  method: MethodSettings,
  body: Readonly<Record<string, string>>,
): Promise<Login> {
  const client = connection.client({ namespace: method.namespace });
  const { auth } = (await client.write(`${method.mountPath}/login`, body)) ?? {};
  if (!auth || auth.client_token === '') throw new Error('the answer to the login holds no token');
  return fromAuth(auth);
}

export function fromAuth(auth: SecretAuth): Login {
  return { token: auth.client_token, ttlSeconds: auth.lease_duration, renewable: auth.renewable };
}

async function lookUp(
  connection: ServerConnection,
  namespace: string | undefined,
  token: string,
): Promise<Login> {
  const found = await connection.client({ token, namespace }).read('auth/token/lookup-self');
  const ttl = found?.data?.['ttl'];
  return {
    token,
    ttlSeconds: typeof ttl === 'number' ? ttl : 0,
    renewable: found?.data?.['renewable'] === true,
  };
}

async function appRoleBody(
  connection: ServerConnection,
  method: Extract<MethodSettings, { type: 'approle' }>,
  kept: Kept,
): Promise<Readonly<Record<string, string>>> {
  const roleId = await readSecretFile(method.roleIdFile);
  if (method.secretIdFile === undefined) return { role_id: roleId };
  if (method.wrappingPath === undefined)
    return {
      role_id: roleId,
      secret_id: await readOnce(method.secretIdFile, method.removesSecretId, kept),
    };
  return {
    role_id: roleId,
    secret_id: await unwrapSecretId(connection, method, method.secretIdFile, method.wrappingPath, kept),
  };
}

/** A wrapping token works once, so the secret id is kept in memory for the next login, unless there is a new one. */
async function unwrapSecretId(
  connection: ServerConnection,
  method: Extract<MethodSettings, { type: 'approle' }>,
  file: string,
  wrappingPath: string,
  kept: Kept,
): Promise<string> {
  const key = `unwrapped ${file}`;
  const token = await readSecretFile(file).catch(() => undefined);
  const before = kept.get(key);
  if (token === undefined || token === kept.get(file)) {
    if (before !== undefined) return before;
    throw new Error(`cannot read the wrapped secret id in ${file}`);
  }
  const client = connection.client({ namespace: method.namespace });
  const looked = await client.write('sys/wrapping/lookup', { token });
  // Somebody else's wrapping token may hold somebody else's secret id.
  if (looked?.data?.['creation_path'] !== wrappingPath.replace(/^\/+/, ''))
    throw new Error('the wrapping token was made at another path than secret_id_response_wrapping_path');
  const secretId = secretIdOf(
    await connection.client({ namespace: method.namespace, token }).write('sys/wrapping/unwrap'),
  );
  kept.set(file, token);
  kept.set(key, secretId);
  if (method.removesSecretId) await fs.rm(file, { force: true });
  return secretId;
}

function secretIdOf(secret: Secret | undefined): string {
  const value = isObject(secret?.data) ? secret.data['secret_id'] : undefined;
  if (typeof value !== 'string') throw new Error('the wrapped answer holds no secret_id');
  return value;
}

async function readOnce(path: string, removes: boolean, kept: Kept): Promise<string> {
  let value: string;
  try {
    value = await readSecretFile(path);
  } catch (error) {
    const before = kept.get(path);
    if (before === undefined) throw error;
    return before;
  }
  kept.set(path, value);
  if (removes) await fs.rm(path, { force: true });
  return value;
}

async function readSecretFile(path: string): Promise<string> {
  let text: string;
  try {
    text = (await fs.readFile(path, 'utf8')).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new Error(`cannot read ${path}: ${code}`);
  }
  if (text === '') throw new Error(`${path} is empty`);
  return text;
}
