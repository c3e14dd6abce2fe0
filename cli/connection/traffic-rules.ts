import type { Transport } from '../../sdk/transport.ts';
import type { Connection, RateLimit } from '../settings.ts';

/** The transport under the user's `*_RATE_LIMIT` and `*_DISABLE_REDIRECTS`. */
export function underRules(send: Transport, { rateLimit, followsRedirects }: Connection): Transport {
  const whole = followsRedirects === false ? withoutRedirects(send) : send;
  return rateLimit === undefined ? whole : limited(whole, rateLimit);
}

/** A redirect without its target is an answer like any other: the command fails with its status. */
function withoutRedirects(send: Transport): Transport {
  return async (request) => {
    const response = await send(request);
    const { location: _, ...headers } = response.headers;
    return { ...response, headers };
  };
}

/** A bucket of `burst` requests that fills at `perSecond`; who finds it empty waits. */
function limited(send: Transport, { perSecond, burst }: RateLimit): Transport {
  let left = burst;
  let filledAt = performance.now();
  return async (request) => {
    const now = performance.now();
    left = Math.min(burst, left + ((now - filledAt) / 1000) * perSecond) - 1;
    filledAt = now;
    if (left < 0) await new Promise((resolve) => setTimeout(resolve, (-left / perSecond) * 1000));
    return send(request);
  };
}
