import type { LoadPlan } from './load.ts';

export interface Scenario {
  readonly name: string;
  readonly connections: number;
  /** What the floor answers, in base64. */
  readonly bytes: string;
  readonly request: (port: number) => LoadPlan['request'];
  readonly follow?: (port: number) => NonNullable<LoadPlan['follow']>;
}

export function get(path: (n: number) => string, token: string): Scenario['request'] {
  return (port) => (n) =>
    `GET /v1/${path(n)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Vault-Token: ${token}\r\n\r\n`;
}

export function post(
  path: (n: number) => string,
  token: string,
  body: string,
  headers = '',
): Scenario['request'] {
  const credentials = token === '' ? '' : `X-Vault-Token: ${token}\r\n`;
  return (port) => (n) =>
    `POST /v1/${path(n)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${credentials}${headers}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
