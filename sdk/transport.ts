/** One HTTP request, ready to be sent. */
export interface TransportRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From the first byte sent to the last byte received. */
  readonly timeoutMilliseconds: number;
}

export interface TransportResponse {
  readonly status: number;
  /** Where a redirect points to, and how long to wait before another try. */
  readonly headers: { readonly location?: string; readonly 'retry-after'?: string };
  readonly body: string;
}

/** Sends one request and returns the whole answer, whatever its status. Throws `TransportError` when there is none. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/** No answer came: refused, unreachable, timed out, or TLS failed. The message holds no header and no body. */
export class TransportError extends Error {
  /** True when the request may be sent again: the server was not reached, or hung up. */
  readonly mayRetry: boolean;
  constructor(message: string, options: { readonly mayRetry: boolean }) {
    super(message);
    this.name = 'TransportError';
    this.mayRetry = options.mayRetry;
  }
}

/** The transport of browsers and of programs that bring none: the runtime's `fetch`. */
export const fetchTransport: Transport = async (request) => {
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(request.timeoutMilliseconds),
    });
    const location = response.headers.get('location');
    const retryAfter = response.headers.get('retry-after');
    return {
      status: response.status,
      headers: {
        ...(location === null ? {} : { location }),
        ...(retryAfter === null ? {} : { 'retry-after': retryAfter }),
      },
      body: await response.text(),
    };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    const reason = timedOut ? `no answer within ${request.timeoutMilliseconds / 1000} s` : 'no connection';
    throw new TransportError(`${request.method} ${request.url}: ${reason}`, { mayRetry: !timedOut });
  }
};
