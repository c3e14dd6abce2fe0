import http from 'node:http';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  /** Text goes out as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoopbackServer {
  readonly address: string;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

/** A real HTTP server on a free port of the loopback that answers what `answer` says and remembers what it was asked. */
export async function startLoopbackServer(answer: (request: SeenRequest) => Answer): Promise<LoopbackServer> {
  const seen: SeenRequest[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(one);
      const { status = 200, body, headers = {} } = answer(one);
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    address: `http://127.0.0.1:${address.port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The API's envelope around `parts`. */
export function envelope(parts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    request_id: 'f3a1',
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: null,
    wrap_info: null,
    warnings: null,
    auth: null,
    ...parts,
  };
}

/** Answers the question which store a path is of, as a KV v2 store at secret/ and a KV v1 store at old/. */
export function answerMounts(request: SeenRequest): Answer | undefined {
  const match = /^\/v1\/sys\/internal\/ui\/mounts\/([^/?]+)/.exec(request.url);
  if (!match) return undefined;
  if (match[1] === 'secret')
    return { body: envelope({ data: { path: 'secret/', type: 'kv', options: { version: '2' } } }) };
  if (match[1] === 'old') return { body: envelope({ data: { path: 'old/', type: 'kv', options: null } }) };
  return { status: 403, body: { errors: ['preflight capability check returned 403'] } };
}
