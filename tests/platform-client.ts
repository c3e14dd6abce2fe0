import { request } from 'node:http';
import type { TestServer } from './start-server.ts';

export interface PlatformAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** Loose on purpose, as tests look into answers of every shape. */
  readonly body: { readonly [key: string]: unknown };
}

export interface PlatformOptions {
  /** The root token unless given; `null` sends none. */
  readonly token?: string | null;
  readonly workspace?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request to `/api/v1/` of a test's server, its path sent byte for byte. */
export function callPlatform(
  server: TestServer,
  method: string,
  path: string,
  { token = server.rootToken, workspace, body, headers }: PlatformOptions = {},
): Promise<PlatformAnswer> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: server.port,
        method,
        path: `/api/v1/${path}`,
        headers: {
          ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
          ...(workspace === undefined ? {} : { 'X-Coffer-Workspace': workspace }),
          ...(sent === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(sent) }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : {};
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            body: parsed as PlatformAnswer['body'],
          });
        });
      },
    );
    asked.on('error', reject);
    asked.end(sent);
  });
}
