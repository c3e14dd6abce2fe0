import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { canonicalPath } from '../../core/router/canonical-path.ts';
import { type BodyLimits, noData, parseBody, parseQuery, readBody } from '../body.ts';
import type { BodyRoom } from '../body-room.ts';

export const prefix = '/api/v1/';

/** One HTTP request of the platform API, taken apart and not yet understood. */
export interface PlatformMessage {
  readonly method: string;
  /** Below `/api/v1/`, canonical, without the verb. */
  readonly path: string;
  /** Behind the colon of the last segment; '' for none. */
  readonly verb: string;
  readonly query: JsonObject;
  readonly body: JsonObject;
  readonly token: string | undefined;
  readonly workspaceHeader: string;
  readonly ifMatch: string | undefined;
}

/** Throws declared errors. */
export async function decode(
  message: IncomingMessage,
  room: BodyRoom,
  limits: BodyLimits,
): Promise<PlatformMessage> {
  const url = message.url ?? '';
  const cut = url.indexOf('?');
  const rawPath = cut < 0 ? url : url.slice(0, cut);
  const path = canonicalPath(rawPath.slice(prefix.length)).replace(/\/$/, '');
  const [, name = '', verb = ''] = /^(.+):([a-z][a-z-]*)$/.exec(path) ?? [];
  const { headers, method = '' } = message;
  return {
    method: method === 'HEAD' ? 'GET' : method,
    // Members' subjects hold colons too (user:alice).
    ...(verb === '' || isMember(path) ? { path, verb: '' } : { path: name, verb }),
    query: cut < 0 ? noData : parseQuery(url.slice(cut + 1)),
    body: await bodyOf(message, limits, room),
    token: tokenOf(headers),
    workspaceHeader: workspaceOf(headers),
    ifMatch: ifMatchOf(headers['if-match']),
  };
}

function isMember(path: string): boolean {
  return /^workspaces\/[^/]+\/members\/[^/]+$/.test(path);
}

async function bodyOf(message: IncomingMessage, limits: BodyLimits, room: BodyRoom): Promise<JsonObject> {
  const { headers } = message;
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return noData;
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && type !== 'application/json' && type !== 'application/merge-patch+json')
    throw new CofferError('unsupported-media-type', 'bodies are application/json');
  return parseBody(await readBody(message, limits, room), 'application/json', limits);
}

function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  if (authorization !== undefined && /^Bearer /i.test(authorization)) return authorization.slice(7).trim();
  const header = headers['x-coffer-token'] ?? headers['x-vault-token'];
  return typeof header === 'string' && header !== '' ? header : undefined;
}

function workspaceOf(headers: IncomingHttpHeaders): string {
  const header = headers['x-coffer-workspace'] ?? headers['x-vault-namespace'] ?? '';
  if (Array.isArray(header)) throw invalidRequest('the workspace is given twice');
  return header.replace(/^\/|\/$/g, '');
}

/** One entity tag; lists of them are of no use to a change of one thing. */
function ifMatchOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (text === '*') return text;
  const [, tag] = /^"([\x21\x23-\x7e]{1,100})"$/.exec(text) ?? [];
  if (tag === undefined) throw invalidRequest('If-Match holds one strong entity tag, such as "3.1"');
  return tag;
}
