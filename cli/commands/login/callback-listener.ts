import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { Failure, reasonOf } from '../../failure.ts';

export interface Callback {
  readonly state: string;
  readonly code: string;
}

export interface CallbackListener {
  readonly port: number;
  /** The first callback with this state; others are turned away. Throws `Failure` for a refusal, or after `limitMs`. */
  wait(state: string, limitMs: number): Promise<Callback>;
  /** Tells the person in the browser how it ended. */
  say(hasSucceeded: boolean): void;
  close(): Promise<void>;
}

/** Listens for the browser on this machine. `localhost` is both of its addresses. Throws `Failure`. */
export async function openCallbackListener(host: string, port: number): Promise<CallbackListener> {
  const answering: { handler: RequestListener } = { handler: (_, response) => page(response, 404, '') };
  const answer: RequestListener = (request, response) => answering.handler(request, response);
  const servers = [await listen(answer, host === 'localhost' ? '127.0.0.1' : host, port)];
  const taken = portOf(servers[0]);
  if (host === 'localhost')
    servers.push(
      ...(await listen(answer, '::1', taken).then(
        (one) => [one],
        () => [],
      )),
    );
  let waiting: ServerResponse | undefined;
  return {
    port: taken,
    wait: (state, limitMs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Failure(2, 'Error authenticating: nobody came back from the provider in time')),
          limitMs,
        );
        answering.handler = (request, response) => {
          const url = URL.parse(request.url ?? '', 'http://localhost');
          const isCallback = request.method === 'GET' && url?.pathname === '/oidc/callback';
          if (!isCallback) return page(response, 404, 'There is nothing here.');
          if (url.searchParams.get('state') !== state || waiting)
            return page(response, 400, 'This is not the login that was begun here.');
          clearTimeout(timer);
          const code = url.searchParams.get('code');
          if (code) {
            waiting = response;
            return resolve({ state, code });
          }
          page(response, 400, 'Signing in failed. You can close this window.');
          const error = url.searchParams.get('error') ?? '';
          const reason = /^[a-z_]{1,40}$/.test(error) ? error : 'it gave no code';
          reject(new Failure(2, `Error authenticating: the provider says ${reason}`));
        };
      }),
    say(hasSucceeded) {
      if (waiting)
        page(
          waiting,
          hasSucceeded ? 200 : 400,
          hasSucceeded
            ? 'Signed in. You can close this window and go back to the terminal.'
            : 'Signing in failed. The terminal says why.',
        );
    },
    async close() {
      await Promise.all(
        servers.map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              server.closeIdleConnections();
            }),
        ),
      );
    },
  };
}

async function listen(answer: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer({ keepAlive: false }, answer);
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new Failure(
          2,
          `Error authenticating: no listener at ${host}:${port}: ${reasonOf(error)}`,
          'Choose another port with port=…; the role must allow the redirect_uri with it.',
        ),
      ),
    );
    server.listen({ host, port }, () => resolve(server));
  });
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  return address && typeof address !== 'string' ? address.port : 0;
}

function page(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      connection: 'close',
    })
    .end(`<!doctype html><meta charset="utf-8"><title>Coffer</title><p>${text}</p>\n`);
}
