import {
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from './transport.ts';

export interface Patience {
  /** Tries after the first. */
  readonly maxRetries: number;
  /** Before the second try; it doubles with each further one, and up to half of it is left out at random. */
  readonly firstWaitMilliseconds: number;
  /** The request changes nothing: it may also be sent again when the server asks to come back later. */
  readonly isSafe: boolean;
}

const longestWaitMilliseconds = 10_000;
/** A server that asks for more than this has its answer handed on instead. */
const longestAskedMilliseconds = 30_000;

/** Sends, follows one redirect, and sends again what may pass: a 412, a 5xx, a lost connection, and if safe a 429. */
export async function sendPatiently(
  send: Transport,
  first: TransportRequest,
  { maxRetries, firstWaitMilliseconds, isSafe }: Patience,
): Promise<TransportResponse> {
  let request = first;
  let redirected = false;
  for (let attempt = 0; ; attempt++) {
    const last = attempt >= maxRetries;
    let asked: number | undefined;
    try {
      const response = await send(request);
      const location = isRedirect(response.status) && !redirected && response.headers.location;
      if (location) {
        request = { ...request, url: redirectTarget(request.url, location) };
        redirected = true;
        attempt--;
        continue;
      }
      asked = retryAfterMilliseconds(response);
      if (last || !isPassing(response, isSafe) || (asked ?? 0) > longestAskedMilliseconds) return response;
    } catch (error) {
      if (last || !(error instanceof TransportError) || !error.mayRetry) throw error;
    }
    const growing = Math.min(longestWaitMilliseconds, firstWaitMilliseconds * 2 ** attempt) * jitter();
    await new Promise((resolve) => setTimeout(resolve, Math.max(asked ?? 0, growing)));
  }
}

/** A sealed server stays sealed for longer than a client would wait; 501 does not change either. */
function isPassing(response: TransportResponse, isSafe: boolean): boolean {
  if (response.status === 412) return true;
  if (response.status === 429) return isSafe;
  if (response.status < 500 || response.status === 501) return false;
  return !(response.status === 503 && response.body.includes('is sealed'));
}

/** RFC 9110 clause 10.2.3, in seconds or as a date. */
function retryAfterMilliseconds({ headers }: TransportResponse): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const wait = Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : wait;
}

/** From 0.5 to 1, so that clients that were cut off together do not come back together. */
function jitter(): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return 0.5 + random / 2 ** 33;
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 307 || status === 308;
}

/** The token goes along, as a standby node's redirect needs it; so never from TLS to clear text. */
function redirectTarget(from: string, location: string): string {
  const target = new URL(location, from);
  if (from.startsWith('https:') && target.protocol !== 'https:')
    throw new TransportError('the server redirects from https to http; refused', { mayRetry: false });
  return target.href;
}
