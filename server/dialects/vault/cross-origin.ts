import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cors } from '../../core/system/cors.ts';

/**
 * Deals with the Origin of a browser's request as `sys/config/cors` says: adds the headers of the answer, or
 * answers it (a preflight, an origin that is not allowed). True when the request is to be served. Never rejects:
 * while the server is sealed there is no configuration, and so no permission for other origins.
 */
export async function admitOrigin(
  cors: Cors,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { origin, 'access-control-request-method': wanted } = message.headers;
  if (origin === undefined) return true;
  let verdict: Awaited<ReturnType<Cors['judge']>>;
  try {
    verdict = await cors.judge(origin, message.method ?? '', wanted);
  } catch {
    return true;
  }
  for (const [name, value] of Object.entries(verdict.headers)) response.setHeader(name, value);
  if (verdict.status === undefined) return true;
  const body = verdict.status === 403 ? '{"errors":["origin not allowed"]}\n' : '';
  response.writeHead(verdict.status, {
    'Cache-Control': 'no-store',
    ...(body === '' ? {} : { 'Content-Type': 'application/json', 'Content-Length': body.length }),
  });
  response.end(body);
  return false;
}
