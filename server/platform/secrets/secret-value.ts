import { invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';

export const secretTypes = [
  'api-token',
  'database-credentials',
  'service-credentials',
  'generic',
  'json',
  'file',
] as const;
export type SecretType = (typeof secretTypes)[number];

const largestFileBytes = 1024 * 1024;

export function secretTypeOf(word: string | undefined): SecretType {
  return secretTypes.find((type) => type === word) ?? 'generic';
}

/** What KV keeps of a value: an object as it is, anything else as `{ "value": … }`. Throws where the type asks for more; never quotes the value. */
export function dataOf(type: SecretType, value: unknown): JsonObject {
  if (value === null || value === undefined || value === '') throw invalidRequest('a secret needs a value');
  if (type === 'database-credentials') checkDatabase(value);
  else if (type === 'api-token' && typeof value !== 'string')
    throw invalidRequest('the value of an api-token is a text');
  else if (type === 'file') checkFile(value);
  if (isObject(value)) {
    if (Object.keys(value).length === 0) throw invalidRequest('a secret needs a value');
    return value;
  }
  return { value };
}

/** The other way round: a map whose only key is `value` is that value. */
export function shownValue(data: JsonObject): unknown {
  const keys = Object.keys(data);
  return keys.length === 1 && keys[0] === 'value' ? data['value'] : data;
}

/** The connection URL that the parts of database credentials make; undefined when they do not. */
export function connectionUrl(data: JsonObject): string | undefined {
  const parts = databaseParts(data);
  if (!parts) return undefined;
  const scheme = textOf(data['engine']) ?? 'postgresql';
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) return undefined;
  const port = data['port'] === undefined ? '' : `:${String(data['port'])}`;
  const host = parts.host.includes(':') ? `[${parts.host}]` : parts.host;
  return `${scheme}://${encodeURIComponent(parts.user)}:${encodeURIComponent(parts.password)}@${host}${port}/${encodeURIComponent(parts.database)}`;
}

function checkDatabase(value: unknown): void {
  if (typeof value === 'string') {
    if (!/^[a-z][a-z0-9+.-]*:\/\/[^/\s]+/i.test(value))
      throw invalidRequest('database credentials as text are a connection URL', {
        hint: 'For example: postgresql://USER:PASSWORD@HOST:5432/DATABASE',
      });
    return;
  }
  if (!isObject(value)) throw invalidRequest('database credentials are an object or a connection URL');
  // What was made from a URL reads back as one.
  if (typeof value['value'] === 'string') return;
  if (!databaseParts(value))
    throw invalidRequest('database credentials need host, user, password and database', {
      hint: 'port and engine (postgresql, mysql …) are optional.',
    });
  const { port } = value;
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))
    throw invalidRequest('the port of database credentials is a number from 1 to 65535');
}

function databaseParts(data: JsonObject) {
  const host = textOf(data['host']);
  const user = textOf(data['user']) ?? textOf(data['username']);
  const password = textOf(data['password']);
  const database = textOf(data['database']) ?? textOf(data['dbname']);
  if (!host || !user || password === undefined || !database) return undefined;
  return { host, user, password, database };
}

function checkFile(value: unknown): void {
  if (
    typeof value !== 'string' ||
    !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
  )
    throw invalidRequest('the value of a file is base64');
  if ((value.length / 4) * 3 > largestFileBytes + 2) throw invalidRequest('a file is at most 1 MiB');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}
