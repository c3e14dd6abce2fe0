import type { ServerResponse } from 'node:http';
import { stringifyJson } from '../../../formats/json/index.ts';
import type { CofferError } from '../../contracts/errors.ts';
import type { PlatformReply } from '../../platform/index.ts';

export function encode(status: number, { body, etag }: PlatformReply, response: ServerResponse): void {
  const headers: Record<string, string> = etag === undefined ? {} : { ETag: `"${etag}"` };
  if (body === undefined) send(response, status === 200 ? 204 : status, '', headers);
  else send(response, status, stringifyJson(body), { 'Content-Type': 'application/json', ...headers });
}

/** Problem details (RFC 9457). `type` is stable: the code of the table of errors. */
export function encodeProblem(
  error: CofferError,
  { requestId, hasToken }: { readonly requestId: string; readonly hasToken: boolean },
  response: ServerResponse,
): void {
  // That there was no token is no secret; why one is refused is.
  const isMissing = error.code === 'permission-denied' && !hasToken;
  const status = isMissing ? 401 : error.status;
  const detail = isMissing
    ? 'a token is missing'
    : (/\* (.+?)\s*$/s.exec(error.message)?.[1] ?? error.message);
  const problem = {
    type: `urn:coffer:error:${error.code}`,
    title: titleOf(error.code),
    status,
    detail: detail === '' ? titleOf(error.code) : detail,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    request_id: requestId,
  };
  send(response, status, stringifyJson(problem), {
    'Content-Type': 'application/problem+json',
    ...(isMissing ? { 'WWW-Authenticate': 'Bearer' } : {}),
    ...(error.code === 'too-large' ? { Connection: 'close' } : {}),
  });
}

function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  const body = text === '' ? '' : `${text}\n`;
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? '' : body);
}
