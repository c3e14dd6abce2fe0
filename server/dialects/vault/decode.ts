import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { DurationError, parseWholeSeconds } from '../../../formats/duration/index.ts';
import { JsonError, parseJson } from '../../../formats/json/index.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { IncomingRequest } from '../../core/pipeline/exchange.ts';
import { canonicalPath, checkCanonical } from '../../core/router/canonical-path.ts';

export interface DecodeContext {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly clientCertificates: readonly Uint8Array[];
  readonly maxRequestBytes: number;
  readonly nowMs: number;
}

const prefix = '/v1/';
const noData: JsonObject = Object.freeze({});
/** More than any real client nests; hostile bodies nest by the million. */
const bodyLimits = { maxDepth: 64 };
const maxQueryParameters = 200;
const booleanWords = new Set(['true', '1', 't', 'T', 'TRUE', 'True']);

/** One HTTP request as Vault's clients send it → one request of the pipeline. Throws declared errors. */
export async function decode(message: IncomingMessage, context: DecodeContext): Promise<IncomingRequest> {
  const url = message.url ?? '';
  const cut = url.indexOf('?');
  const rawPath = cut < 0 ? url : url.slice(0, cut);
  if (!rawPath.startsWith(prefix))
    throw new CofferError(
      'no-route',
      `no handler for route "${printable(rawPath.replace(/^\//, ''))}". route entry not found.`,
    );
  const query = cut < 0 || cut === url.length - 1 ? noData : parseQuery(url.slice(cut + 1));
  let path = canonicalPath(rawPath.slice(prefix.length));
  const operation = operationOf(message.method ?? '', query);
  if ((operation === 'list' || operation === 'scan') && !path.endsWith('/')) path += '/';
  const { headers } = message;
  const hasBody =
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] !== undefined && headers['content-length'] !== '0');
  let data = operation === 'write' || operation === 'patch' ? noData : withoutControls(query);
  if (hasBody) {
    if (operation === 'patch') checkPatchType(headers['content-type']);
    const body = await readBody(message, context.maxRequestBytes);
    if (operation !== 'read' && operation !== 'list' && operation !== 'scan' && operation !== 'help') {
      const parsed = parseBody(body, headers['content-type']);
      data = data === noData ? parsed : { ...data, ...parsed };
    }
  } else if (operation === 'patch') checkPatchType(headers['content-type']);
  return {
    id: randomUUID(),
    timeMs: context.nowMs,
    operation,
    namespaceHeader: namespaceOf(headers['x-vault-namespace']),
    path,
    token: tokenOf(headers['x-vault-token'], headers.authorization),
    data,
    wrapTtlSeconds: wrapTtlOf(headers['x-vault-wrap-ttl']),
    remoteAddress: context.remoteAddress,
    remotePort: context.remotePort,
    clientCertificates: context.clientCertificates,
    headers,
  };
}

function operationOf(method: string, query: JsonObject): IncomingRequest['operation'] {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (query === noData) return 'read';
      if (isTrue(query['help'])) return 'help';
      if (isTrue(query['list'])) return 'list';
      return isTrue(query['scan']) ? 'scan' : 'read';
    case 'LIST':
      return 'list';
    case 'SCAN':
      return 'scan';
    case 'POST':
    case 'PUT':
      return 'write';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      throw new CofferError('unsupported-operation', '');
  }
}

function isTrue(value: unknown): boolean {
  return typeof value === 'string' && booleanWords.has(value);
}

/** Single values are strings, repeated names lists, as Vault's framework sees them. */
function parseQuery(text: string): JsonObject {
  const query: Record<string, unknown> = {};
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    if (++count > maxQueryParameters)
      throw invalidRequest(`more than ${maxQueryParameters} query parameters`);
    if (name === '__proto__') continue;
    const before = Object.hasOwn(query, name) ? query[name] : undefined;
    query[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return query;
}

function withoutControls(query: JsonObject): JsonObject {
  if (query === noData) return query;
  const { list: _list, scan: _scan, help: _help, ...rest } = query;
  return rest;
}

function checkPatchType(contentType: string | undefined): void {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/merge-patch+json')
    throw new CofferError('unsupported-media-type');
}

function readBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const declared = Number(message.headers['content-length'] ?? 0);
  if (declared > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        message.pause();
        reject(tooLarge(maxBytes));
      } else chunks.push(chunk);
    });
    message.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    message.on('error', () => reject(invalidRequest('the request body ended early')));
    message.on('aborted', () => reject(invalidRequest('the request body ended early')));
  });
}

function tooLarge(maxBytes: number): CofferError {
  return new CofferError('too-large', undefined, {
    hint: `Bodies are limited to ${maxBytes} bytes (max_request_size).`,
  });
}

function parseBody(body: Buffer, contentType: string | undefined): JsonObject {
  if (body.length === 0) return noData;
  if (contentType?.startsWith('application/x-www-form-urlencoded') && body[0] !== 0x7b)
    return parseQuery(decodeText(body));
  let value: unknown;
  try {
    value = parseJson(decodeText(body), bodyLimits);
  } catch (error) {
    if (error instanceof JsonError) throw invalidRequest(`failed to decode JSON input: ${error.message}`);
    throw error;
  }
  if (value === null) return noData;
  if (typeof value !== 'object' || Array.isArray(value) || JSON.isRawJSON(value))
    throw invalidRequest('failed to decode JSON input: the body must be a JSON object');
  return value as JsonObject;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeText(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw invalidRequest('failed to decode JSON input: the body is not valid UTF-8');
  }
}

function namespaceOf(header: string | string[] | undefined): string {
  if (header === undefined || header === '' || header === '/') return '';
  const text = Array.isArray(header) ? header.join() : header;
  const path = canonicalPath(text.replace(/^\//, '').replace(/\/$/, ''));
  checkCanonical(path);
  return path === 'root' ? '' : path;
}

function tokenOf(
  header: string | string[] | undefined,
  authorization: string | undefined,
): string | undefined {
  if (typeof header === 'string' && header !== '') return header;
  if (authorization !== undefined && /^Bearer /i.test(authorization)) return authorization.slice(7).trim();
  return undefined;
}

function wrapTtlOf(header: string | string[] | undefined): number {
  if (typeof header !== 'string' || header === '') return 0;
  try {
    return parseWholeSeconds(header);
  } catch (error) {
    if (error instanceof DurationError)
      throw invalidRequest(`X-Vault-Wrap-TTL: ${error.message}`, { hint: error.hint });
    throw error;
  }
}

/** A path nobody vouches for, short and without anything that could forge a line. */
function printable(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e]|"/g, '?');
}
