import fs from 'node:fs';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Session } from '../auto-auth/session.ts';
import type { AgentConfiguration, ListenerSettings } from '../configuration/configuration.ts';
import type { ServerConnection } from '../connection/server-connection.ts';
import { AgentFailure } from '../failure.ts';

/** What belongs to one connection and not to the message (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Opens one listener that passes requests on, with the agent's token where it is told so. Throws `AgentFailure`. */
export async function openListener(
  settings: ListenerSettings,
  connection: ServerConnection,
  session: Session | undefined,
  proxyToken: AgentConfiguration['proxyToken'],
): Promise<{ close(): Promise<void> }> {
  const handler: RequestListener = (request, response) => {
    if (settings.requiresRequestHeader && request.headers['x-vault-request'] !== 'true')
      return refuse(response, 412, "missing 'X-Vault-Request' header");
    if (!request.url?.startsWith('/v1/')) return refuse(response, 404, 'unsupported path');
    const own = proxyToken !== 'none' && (proxyToken === 'force' || !hasToken(request));
    const token = own ? session?.token : undefined;
    if (own && token === undefined) return refuse(response, 503, 'the agent has not logged in yet');
    pass(request, response, connection, token, session);
  };
  const server =
    settings.tlsCert && settings.tlsKey
      ? process
          .getBuiltinModule('node:https')
          .createServer(
            { cert: fs.readFileSync(settings.tlsCert), key: fs.readFileSync(settings.tlsKey) },
            handler,
          )
      : process.getBuiltinModule('node:http').createServer(handler);
  await listen(server, settings);
  return {
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      if (settings.type === 'unix') fs.rmSync(settings.address, { force: true });
    },
  };
}

function hasToken(request: IncomingMessage): boolean {
  return Boolean(request.headers['x-vault-token'] || request.headers.authorization);
}

async function listen(server: Server, settings: ListenerSettings): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) =>
    reject(
      new AgentFailure(
        `cannot listen at ${settings.address}: ${'code' in error ? error.code : error.message}`,
      ),
    ),
  );
  if (settings.type === 'unix') {
    if (fs.statSync(settings.address, { throwIfNoEntry: false })?.isSocket()) fs.rmSync(settings.address);
    // Nobody else may come in before the mode is set.
    const before = process.umask(0o177);
    server.listen(settings.address, () => {
      fs.chmodSync(settings.address, settings.socketMode);
      resolve();
    });
    process.umask(before);
  } else {
    const [, host = '', port = ''] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(settings.address) ?? [];
    if (port === '') throw new AgentFailure(`the listener's address must be HOST:PORT`);
    server.listen(Number(port), host === '' ? undefined : host, resolve);
  }
  await promise;
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  connection: ServerConnection,
  token: string | undefined,
  session: Session | undefined,
): void {
  const { settings } = connection;
  const named = String(request.headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name]) => !hopByHop.has(name) && !named.includes(name) && name !== 'host',
    ),
  );
  if (request.headers['transfer-encoding']) headers['transfer-encoding'] = 'chunked';
  if (token !== undefined) {
    headers['x-vault-token'] = token;
    delete headers['authorization'];
  }
  if (settings.namespace !== '' && headers['x-vault-namespace'] === undefined)
    headers['x-vault-namespace'] = settings.namespace;
  headers['x-vault-request'] = 'true';
  const base = new URL(settings.address);
  const module = process.getBuiltinModule(base.protocol === 'https:' ? 'node:https' : 'node:http');
  const upstream = module.request({
    host: base.hostname.replace(/^\[|\]$/g, ''),
    port: base.port || (base.protocol === 'https:' ? 443 : 80),
    // As it came: the server decides what a path is.
    path: request.url,
    method: request.method,
    // Of its own: a slow caller must not take the connections of the agent's own work.
    agent: connection.proxyAgent,
    headers,
  });
  upstream.on('response', (answer) => {
    if (answer.statusCode === 403 && token !== undefined) session?.doubt(token);
    const kept = Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name));
    response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  upstream.on('error', () => {
    if (response.headersSent) response.destroy();
    else refuse(response, 502, 'the server cannot be reached');
  });
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify({ errors: [reason] })}\n`);
}
