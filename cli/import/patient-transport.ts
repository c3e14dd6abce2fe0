import { randomInt } from 'node:crypto';
import { type Transport, TransportError, type TransportResponse } from '../../sdk/transport.ts';

export interface Patience {
  /** How often a request is sent again. */
  readonly retries: number;
  /** Before the first of them; it doubles with each, to a minute at most, and a part of it is random. */
  readonly firstWaitMilliseconds: number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

const longestWaitMilliseconds = 60_000;

/**
 * Sends again after 412, 429, a 5xx or a lost connection, with growing pauses, and not before the server says (`Retry-After`).
 * Every request of an import may come twice: it reads, or writes what is compared first or carries a check-and-set.
 */
export function patientTransport(send: Transport, patience: Patience): Transport {
  return async (request) => {
    for (let attempt = 0; ; attempt++) {
      const last = attempt >= patience.retries;
      let asked: number | undefined;
      try {
        const response = await send(request);
        if (last || !isPassing(response)) return response;
        asked = retryAfterMilliseconds(response);
      } catch (error) {
        if (last || !(error instanceof TransportError) || !error.mayRetry) throw error;
      }
      const growing = (patience.firstWaitMilliseconds * 2 ** attempt * randomInt(50, 101)) / 100;
      await patience.wait(Math.min(longestWaitMilliseconds, Math.max(asked ?? 0, growing)));
    }
  };
}

/** A sealed server stays sealed for longer than a client would wait. */
function isPassing(response: TransportResponse): boolean {
  if (response.status === 412 || response.status === 429) return true;
  if (response.status < 500 || response.status === 501) return false;
  return !(response.status === 503 && response.body.includes('is sealed'));
}

function retryAfterMilliseconds(response: TransportResponse): number | undefined {
  const seconds = response.headers['retry-after'];
  return seconds !== undefined && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}
