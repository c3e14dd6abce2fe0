import type { ServerResponse } from 'node:http';
import { stringifyJson } from '../../../formats/json/index.ts';
import type { CofferError } from '../../contracts/errors.ts';
import type { IssuedToken } from '../../contracts/token-service.ts';
import type { MfaRequirement } from '../../core/mfa/index.ts';
import type { Answer, Exchange, WrapInfo } from '../../core/pipeline/exchange.ts';

/** Encodings of frozen data objects: engines return the same object for an unchanged record. */
const encodedData = new WeakMap<object, string>();
const jsonType = 'application/json';
/** Their handlers are core's own. */
const coreMounts: ReadonlySet<string> = new Set(['system', 'identity']);

interface Rendered {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** Writes the answer in Vault's words: envelope, status, errors. */
export function encode(answer: Answer, response: ServerResponse): void {
  const { exchange, error } = answer;
  for (const name in exchange.headers) response.setHeader(name, exchange.headers[name] ?? '');
  if (error) {
    encodeError(error, exchange, response);
    return;
  }
  if (exchange.wrap) {
    send(response, 200, wrapEnvelope(exchange.wrap));
    return;
  }
  const rendered = render(exchange);
  if (rendered) send(response, rendered.status, rendered.body, rendered.contentType, rendered.headers);
  else encodeNothing(exchange, response);
}

/** What a wrapping token will be exchanged for: the answer, in the envelope whatever shape it would have had. */
export function renderBody(exchange: Exchange): { readonly status: number; readonly body: string } {
  const rendered = render(exchange, 'envelope');
  if (!rendered) return { status: 204, body: '' };
  return {
    status: rendered.status,
    body: typeof rendered.body === 'string' ? rendered.body : Buffer.from(rendered.body).toString(),
  };
}

/** Undefined when there is nothing to say. */
function render(exchange: Exchange, forced?: 'envelope'): Rendered | undefined {
  const { reply, declared, target, operation } = exchange;
  if (reply?.raw)
    return {
      status: reply.raw.status ?? reply.status ?? 200,
      body: reply.raw.body,
      contentType: reply.raw.contentType,
      headers: headersOf(exchange),
    };
  if (!reply || isEmpty(exchange)) return undefined;
  const declaredShape = declared?.shape ?? target?.declaration.shape ?? 'envelope';
  const shape = forced ?? (operation === 'help' ? 'bare' : declaredShape);
  const data = dataOf(reply.data);
  const auth = authOf(exchange);
  const body = shape === 'bare' ? `${data}\n` : envelope(exchange, data, auth, shape === 'flattened');
  return { status: reply.status ?? 200, body, contentType: jsonType, headers: headersOf(exchange) };
}

/** A failure that happened before there was an exchange. */
export function encodeError(
  error: CofferError,
  exchange: Exchange | undefined,
  response: ServerResponse,
): void {
  if (error.code === 'permission-denied' && exchange?.target?.declaration.challenge === 'bearer') {
    sendChallenge(response);
    return;
  }
  const messages = error.message === '' ? [] : [error.message];
  let body = `{"errors":${JSON.stringify(messages)}`;
  if (error.hint !== undefined) body += `,"hint":${JSON.stringify(error.hint)}`;
  if (error.data) body += `,"data":${stringifyJson(error.data)}`;
  const warnings = [...(error.warnings ?? []), ...(exchange?.warnings ?? [])];
  if (error.warnings && warnings.length > 0) body += `,"warnings":${JSON.stringify(warnings)}`;
  const headers: Record<string, string> =
    error.code === 'too-large' || error.status === 408 ? { Connection: 'close' } : {};
  send(response, error.status, `${body}}\n`, jsonType, headers);
}

/** RFC 6750 section 3. Why a token is refused is never said. */
function sendChallenge(response: ServerResponse): void {
  const [code, description] = ['invalid_token', 'permission denied'];
  send(response, 401, JSON.stringify({ error: code, error_description: description }), jsonType, {
    'WWW-Authenticate': `Bearer error="${code}",error_description="${description}"`,
  });
}

/** Nothing to read is 404; a write with nothing to say is 204, or 200 when a warning has to travel. */
function encodeNothing(exchange: Exchange, response: ServerResponse): void {
  const { operation, reply } = exchange;
  if (operation === 'read' || operation === 'list' || operation === 'scan') {
    send(response, 404, warningsOf(exchange) ? envelope(exchange, 'null') : '{"errors":[]}\n');
    return;
  }
  if (warningsOf(exchange)) {
    send(response, reply?.status ?? 200, envelope(exchange, 'null'));
    return;
  }
  // The content type stands there without content too, as Vault's does: clients look at it before they look at the length.
  response.writeHead(reply?.status ?? 204, {
    'Cache-Control': 'no-store',
    'Content-Type': jsonType,
    ...headersOf(exchange),
  });
  response.end();
}

/** Of the headers that an engine sets, those that its mount is tuned to let through; core sets what it likes. */
function headersOf({ reply, mount }: Exchange): Readonly<Record<string, string>> | undefined {
  if (!reply?.headers || !mount || coreMounts.has(mount.entry.type)) return reply?.headers;
  const allowed = new Set(
    (mount.entry.config.allowedResponseHeaders ?? []).map((name) => name.toLowerCase()),
  );
  return Object.fromEntries(
    Object.entries(reply.headers).filter(([name]) => allowed.has(name.toLowerCase())),
  );
}

function isEmpty(exchange: Exchange): boolean {
  const { reply, operation, issued, lease, mfa } = exchange;
  if (!reply || issued || lease || mfa || reply.status === 404) return false;
  if (operation === 'list' || operation === 'scan') {
    const keys = reply.data?.['keys'];
    return reply.data === undefined || (Array.isArray(keys) && keys.length === 0);
  }
  return reply.data === undefined;
}

function envelope(exchange: Exchange, data: string, auth = 'null', flattened = false): string {
  const { lease, mount, request } = exchange;
  const seconds = lease?.ttlSeconds ?? exchange.reply?.leaseDurationSeconds ?? 0;
  const warnings = warningsOf(exchange);
  // Flattened keys come first so that the envelope's own keys win where they share a name.
  const head = flattened && data.length > 2 && data !== 'null' ? `${data.slice(0, -1)},` : '{';
  const mountType = mount ? `,"mount_type":${JSON.stringify(mount.entry.type)}` : '';
  return `${head}"request_id":"${request.id}","lease_id":${lease ? JSON.stringify(lease.id) : '""'},"renewable":${lease?.renewable ?? false},"lease_duration":${seconds},"data":${data},"wrap_info":null,"warnings":${warnings ? JSON.stringify(warnings) : 'null'},"auth":${auth}${mountType}}\n`;
}

function wrapEnvelope(wrap: WrapInfo): string {
  return `{"request_id":"","lease_id":"","renewable":false,"lease_duration":0,"data":null,"wrap_info":${encodeWrap(wrap)},"warnings":null,"auth":null}\n`;
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

function authOf({ issued, mfa }: Exchange): string {
  if (issued) return encodeAuth(issued);
  return mfa ? encodeMissing(mfa) : 'null';
}

/** A login without a token: what it needs to have one. */
function encodeMissing({ requestId, constraints }: MfaRequirement): string {
  const choices = [...constraints].map(([name, any]) => [
    name,
    {
      any: any.map((choice) => ({
        type: choice.type,
        id: choice.id,
        uses_passcode: choice.usesPasscode,
        name: choice.name,
      })),
    },
  ]);
  return JSON.stringify({
    client_token: '',
    accessor: '',
    policies: null,
    token_policies: null,
    metadata: null,
    lease_duration: 0,
    renewable: false,
    entity_id: '',
    token_type: 'default',
    orphan: false,
    mfa_requirement: { mfa_request_id: requestId, mfa_constraints: Object.fromEntries(choices) },
    num_uses: 0,
  });
}

function encodeAuth(issued: IssuedToken): string {
  return JSON.stringify({
    client_token: issued.clientToken,
    accessor: issued.accessor,
    policies: issued.policies,
    token_policies: issued.tokenPolicies,
    ...(issued.identityPolicies && issued.identityPolicies.length > 0
      ? { identity_policies: issued.identityPolicies }
      : {}),
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

function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  contentType: string = jsonType,
  headers?: Readonly<Record<string, string>>,
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    'Content-Type': contentType,
    'Content-Length': length,
    ...headers,
  });
  if (response.req.method === 'HEAD') response.end();
  // One byte for each character means ASCII, and that goes out without an encoder's look at it.
  else if (typeof body === 'string') response.end(body, length === body.length ? 'latin1' : 'utf8');
  else response.end(body);
}
