import type { ServerResponse } from 'node:http';
import { stringifyJson } from '../../../formats/json/index.ts';
import type { CofferError } from '../../contracts/errors.ts';
import type { IssuedToken } from '../../contracts/token-service.ts';
import type { Answer, Exchange, WrapInfo } from '../../core/pipeline/exchange.ts';

/** Encodings of frozen data objects: engines return the same object for an unchanged record. */
const encodedData = new WeakMap<object, string>();
const jsonType = 'application/json';

/** Writes the answer in Vault's words: envelope, status, errors. */
export function encode(answer: Answer, response: ServerResponse): void {
  const { exchange, error } = answer;
  if (error) {
    encodeError(error, exchange, response);
    return;
  }
  const { reply, declared, wrap } = exchange;
  if (wrap) {
    send(response, 200, envelope(exchange, 'null', wrap, { requestId: '', auth: 'null', bare: true }));
    return;
  }
  if (reply?.raw) {
    send(response, reply.raw.status ?? reply.status ?? 200, reply.raw.body, reply.raw.contentType, reply.headers);
    return;
  }
  const shape = declared?.shape ?? exchange.target?.declaration.shape ?? 'envelope';
  if (!reply || isEmpty(exchange)) {
    encodeNothing(exchange, response);
    return;
  }
  const data = dataOf(reply.data);
  if (shape === 'bare') {
    send(response, reply.status ?? 200, `${data}\n`, jsonType, reply.headers);
    return;
  }
  const auth = exchange.issued ? encodeAuth(exchange.issued) : 'null';
  const body = envelope(exchange, data, undefined, { requestId: exchange.request.id, auth, bare: false, flattened: shape === 'flattened' });
  send(response, reply.status ?? 200, body, jsonType, reply.headers);
}

/** A failure that happened before there was an exchange. */
export function encodeError(error: CofferError, exchange: Exchange | undefined, response: ServerResponse): void {
  const messages = error.message === '' ? [] : [error.message];
  let body = `{"errors":${JSON.stringify(messages)}`;
  if (error.hint !== undefined) body += `,"hint":${JSON.stringify(error.hint)}`;
  if (error.data) body += `,"data":${stringifyJson(error.data)}`;
  const warnings = [...(error.warnings ?? []), ...(exchange?.warnings ?? [])];
  if (error.warnings && warnings.length > 0) body += `,"warnings":${JSON.stringify(warnings)}`;
  const headers: Record<string, string> = error.code === 'too-large' || error.status === 408 ? { Connection: 'close' } : {};
  send(response, error.status, `${body}}\n`, jsonType, headers);
}

/** Nothing to read is 404; a write with nothing to say is 204, or 200 when a warning has to travel. */
function encodeNothing(exchange: Exchange, response: ServerResponse): void {
  const { operation, reply } = exchange;
  if (operation === 'read' || operation === 'list' || operation === 'scan') {
    send(response, 404, warningsOf(exchange) ? envelope(exchange, 'null', undefined, { requestId: exchange.request.id, auth: 'null', bare: false }) : '{"errors":[]}\n');
    return;
  }
  if (warningsOf(exchange)) {
    send(response, reply?.status ?? 200, envelope(exchange, 'null', undefined, { requestId: exchange.request.id, auth: 'null', bare: false }));
    return;
  }
  response.writeHead(reply?.status ?? 204, { 'Cache-Control': 'no-store', ...reply?.headers });
  response.end();
}

function isEmpty(exchange: Exchange): boolean {
  const { reply, operation, issued, lease } = exchange;
  if (!reply || issued || lease || reply.status === 404) return false;
  if (operation === 'list' || operation === 'scan') {
    const keys = reply.data?.['keys'];
    return reply.data === undefined || (Array.isArray(keys) && keys.length === 0);
  }
  return reply.data === undefined;
}

function envelope(
  exchange: Exchange,
  data: string,
  wrap: WrapInfo | undefined,
  how: { readonly requestId: string; readonly auth: string; readonly bare: boolean; readonly flattened?: boolean },
): string {
  const lease = exchange.lease;
  const seconds = lease?.ttlSeconds ?? exchange.reply?.leaseDurationSeconds ?? 0;
  const warnings = how.bare ? undefined : warningsOf(exchange);
  // Flattened keys come first so that the envelope's own keys win where they share a name.
  const head = how.flattened && data.length > 2 && data !== 'null' ? `${data.slice(0, -1)},` : '{';
  const mountType = exchange.mount && !how.bare ? `,"mount_type":${JSON.stringify(exchange.mount.entry.type)}` : '';
  return `${head}"request_id":"${how.requestId}","lease_id":${lease ? JSON.stringify(lease.id) : '""'},"renewable":${lease?.renewable ?? false},"lease_duration":${seconds},"data":${data},"wrap_info":${wrap ? encodeWrap(wrap) : 'null'},"warnings":${warnings ? JSON.stringify(warnings) : 'null'},"auth":${how.auth}${mountType}}\n`;
}

function warningsOf(exchange: Exchange): readonly string[] | undefined {
  return exchange.warnings && exchange.warnings.length > 0 ? exchange.warnings : undefined;
}

function dataOf(data: object | null | undefined): string {
  if (data === undefined || data === null) return 'null';
  if (!Object.isFrozen(data)) return stringifyJson(data);
  let text = encodedData.get(data);
  if (text === undefined) {
    text = stringifyJson(data);
    encodedData.set(data, text);
  }
  return text;
}

function encodeAuth(issued: IssuedToken): string {
  return JSON.stringify({
    client_token: issued.clientToken,
    accessor: issued.accessor,
    policies: issued.policies,
    token_policies: issued.tokenPolicies,
    ...(issued.identityPolicies && issued.identityPolicies.length > 0 ? { identity_policies: issued.identityPolicies } : {}),
    metadata: issued.metadata,
    lease_duration: issued.leaseDurationSeconds,
    renewable: issued.renewable,
    entity_id: issued.entityId,
    token_type: issued.tokenType,
    orphan: issued.orphan,
    mfa_requirement: null,
    num_uses: issued.numUses,
  });
}

function encodeWrap(wrap: WrapInfo): string {
  return JSON.stringify({
    token: wrap.token,
    accessor: wrap.accessor,
    ttl: wrap.ttlSeconds,
    creation_time: new Date(wrap.creationTimeMs).toISOString(),
    creation_path: wrap.creationPath,
    ...(wrap.wrappedAccessor === undefined ? {} : { wrapped_accessor: wrap.wrappedAccessor }),
  });
}

function send(response: ServerResponse, status: number, body: string | Uint8Array, contentType: string = jsonType, headers?: Readonly<Record<string, string>>): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  response.writeHead(status, { 'Cache-Control': 'no-store', 'Content-Type': contentType, 'Content-Length': length, ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
