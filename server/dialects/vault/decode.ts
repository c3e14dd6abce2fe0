import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { DurationError, parseWholeSeconds } from '../../../formats/duration/index.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { IncomingRequest } from '../../core/pipeline/exchange.ts';
import { canonicalPath, checkCanonical } from '../../core/router/canonical-path.ts';
import { type BodyLimits, decodeText, noData, parseBody, parseQuery, readBody } from '../body.ts';
import type { BodyRoom } from '../body-room.ts';
import { tokenOfProtocols } from './web-socket-token.ts';

/** What a listener serves without a token, where it is configured to. */
export interface OpenPaths {
  readonly unauthenticatedMetricsAccess: boolean;
  readonly unauthenticatedInFlightAccess: boolean;
}

/** One connection as the listener knows it. */
export interface VaultConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly clientCertificates: readonly Uint8Array[];
  readonly listener: BodyLimits & OpenPaths;
  readonly keepOpen: (onClosing: () => void) => void;
}

const prefix = '/v1/';
const booleanWords = new Set(['true', '1', 't', 'T', 'TRUE', 'True']);

/**
 * One HTTP request as Vault's clients send it → one request of the pipeline, at once when it has no body.
 * Throws declared errors.
 */
export function decode(
  message: IncomingMessage,
  connection: VaultConnection,
  timeMs: number,
  room: BodyRoom,
  isWebSocket = false,
): IncomingRequest | Promise<IncomingRequest> {
  const url = message.url ?? '';
  const cut = url.indexOf('?');
  const rawPath = cut < 0 ? url : url.slice(0, cut);
  if (!rawPath.startsWith(prefix)) throw noSuchRoute(rawPath);
  const query = cut < 0 || cut === url.length - 1 ? noData : parseQuery(url.slice(cut + 1));
  const operation = operationOf(message.method ?? '', query);
  const { headers } = message;
  if (operation === 'patch') checkPatchType(headers['content-type']);
  const namespaceHeader = namespaceOf(headers['x-vault-namespace']);
  const path = pathOf(canonicalPath(rawPath.slice(prefix.length)), operation);
  const request: IncomingRequest = {
    id: randomUUID(),
    timeMs,
    operation,
    namespaceHeader,
    path,
    token:
      tokenOf(headers['x-vault-token'], headers.authorization) ??
      (isWebSocket ? tokenOfProtocols(headers['sec-websocket-protocol']) : undefined),
    data: operation === 'write' || operation === 'patch' ? noData : withoutControls(query),
    wrapTtlSeconds: wrapTtlOf(headers['x-vault-wrap-ttl']),
    remoteAddress: connection.remoteAddress,
    remotePort: connection.remotePort,
    clientCertificates: connection.clientCertificates,
    headers,
    ...(isWebSocket ? { isWebSocket } : {}),
    isOpen: operation === 'read' && namespaceHeader === '' && isOpen(path, connection.listener),
  };
  return hasBody(headers) ? withBody(message, request, connection.listener, room) : request;
}

function isOpen(path: string, listener: OpenPaths): boolean {
  if (path === 'sys/metrics') return listener.unauthenticatedMetricsAccess;
  return path === 'sys/in-flight-req' && listener.unauthenticatedInFlightAccess;
}

async function withBody(
  message: IncomingMessage,
  request: IncomingRequest,
  limits: BodyLimits,
  room: BodyRoom,
): Promise<IncomingRequest> {
  const body = await readBody(message, limits, room);
  const { operation, data } = request;
  // What only asks takes its fields from the query.
  if (operation !== 'write' && operation !== 'patch' && operation !== 'delete') return request;
  const given = parseBody(body, message.headers['content-type'], limits);
  return { ...request, data: data === noData ? given : { ...data, ...given } };
}

function hasBody(headers: IncomingMessage['headers']): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** A list's path ends in '/'. Anybody else's does not, but a write's is kept as it came, to be refused. */
function pathOf(path: string, operation: IncomingRequest['operation']): string {
  const endsInSlash = path.endsWith('/');
  if (operation === 'list' || operation === 'scan') return endsInSlash ? path : `${path}/`;
  return endsInSlash && operation !== 'write' ? path.slice(0, -1) : path;
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

function withoutControls(query: JsonObject): JsonObject {
  if (query === noData) return query;
  const { list: _list, scan: _scan, help: _help, ...rest } = query;
  return rest;
}

function checkPatchType(given: string | undefined): void {
  const type = given?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/merge-patch+json') return;
  const provided = type ? `, provided ${printable(type)}` : '';
  throw new CofferError(
    'unsupported-media-type',
    `PATCH requires Content-Type of application/merge-patch+json${provided}`,
  );
}

/** The namespace's path without slashes at its ends. Not percent-decoded: it stands in a header. */
function namespaceOf(header: string | string[] | undefined): string {
  if (header === undefined || header === '') return '';
  if (Array.isArray(header)) throw invalidRequest('X-Vault-Namespace is given twice');
  const path = utf8OfHeader(header).replace(/^\//, '').replace(/\/$/, '');
  checkCanonical(path);
  return path === 'root' ? '' : path;
}

/** Node gives the bytes of a header as Latin-1. */
function utf8OfHeader(header: string): string {
  return /^[\x20-\x7e]*$/.test(header)
    ? header
    : decodeText(Buffer.from(header, 'latin1'), 'X-Vault-Namespace');
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

function noSuchRoute(path: string): CofferError {
  return new CofferError(
    'no-route',
    `no handler for route "${printable(path.replace(/^\//, ''))}". route entry not found.`,
  );
}

/** A path nobody vouches for, short and without anything that could forge a line. */
function printable(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e]|"/g, '?');
}
