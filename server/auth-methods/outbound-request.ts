import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { checkServerIdentity } from 'node:tls';

export interface OutboundRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Authorities in PEM; empty for those of the system. */
  readonly ca?: string;
  /** Names of which the server's certificate must have one, instead of the host of the URL. */
  readonly serverNames?: readonly string[];
}

export interface OutboundAnswer {
  readonly status: number;
  readonly text: string;
}

/** What went wrong outside. The message names no URL, header or body, and is fit for a caller. */
export class OutboundError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'OutboundError';
  }
}

const longestMs = 10_000;
const mostBytes = 1024 * 1024;

/**
 * One HTTP request to a service that an operator configured: certificates are verified, redirects are not followed
 * (they come back as their status), and answers end after 10 seconds or 1 MiB. Throws `OutboundError`.
 */
export async function sendOutbound(wanted: OutboundRequest): Promise<OutboundAnswer> {
  const url = parsedUrl(wanted.url);
  const names = wanted.serverNames ?? [];
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new OutboundError(reason));
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    const request = send(url, {
      method: wanted.method ?? 'GET',
      agent: false,
      signal: AbortSignal.timeout(longestMs),
      headers: {
        accept: 'application/json',
        ...wanted.headers,
        ...(wanted.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(wanted.body)) }),
      },
      ...(url.protocol === 'https:' && wanted.ca ? { ca: wanted.ca } : {}),
      ...(names.length > 0
        ? {
            checkServerIdentity: (_host: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
              names.some((name) => checkServerIdentity(name, certificate) === undefined)
                ? undefined
                : new Error('the certificate has none of the names'),
          }
        : {}),
    });
    request.on('error', (error) => fail(reasonOf(error)));
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > mostBytes) {
          request.destroy();
          fail('the answer is too large');
        } else parts.push(part);
      });
      response.on('error', (error) => fail(reasonOf(error)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
      );
    });
    request.end(wanted.body);
  });
}

/** The same, for an answer of status 2xx that is a JSON object. */
export async function fetchObject(wanted: OutboundRequest): Promise<Readonly<Record<string, unknown>>> {
  const { status, text } = await sendOutbound(wanted);
  if (status < 200 || status > 299) throw new OutboundError(`the answer has status ${status}`);
  const found = objectOf(text);
  if (!found) throw new OutboundError('the answer is no JSON object');
  return found;
}

/** A JSON object; undefined for every other text. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a request can be sent there: http or https, without a user name in it. */
export function isServiceUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

function parsedUrl(text: string): URL {
  const url = isServiceUrl(text) ? URL.parse(text) : null;
  if (!url) throw new OutboundError('the address is no http or https URL');
  return url;
}

function reasonOf(error: Error): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'no answer in time';
  return 'code' in error && typeof error.code === 'string' ? error.code : 'the connection failed';
}
