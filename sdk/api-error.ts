import type { Secret } from './secret.ts';

export interface ApiErrorDetails {
  readonly method: string;
  readonly url: string;
  readonly namespace: string;
  readonly status: number;
  /** The server's own sentences; undefined when the answer was not the API's. */
  readonly errors: readonly string[] | undefined;
  /** What came instead, when `errors` is undefined. */
  readonly rawBody: string;
  /** Warnings that came with the error. */
  readonly secret?: Secret | undefined;
}

/** The server answered and said no. The message has the form of Vault's Go client, which scripts search. */
export class ApiError extends Error {
  readonly status: number;
  readonly errors: readonly string[];
  readonly secret: Secret | undefined;
  constructor(details: ApiErrorDetails) {
    super(describe(details));
    this.name = 'ApiError';
    this.status = details.status;
    this.errors = details.errors ?? [];
    this.secret = details.secret;
  }
}

function describe({ method, url, namespace, status, errors, rawBody }: ApiErrorDetails): string {
  const head = [
    'Error making API request.',
    '',
    ...(namespace === '' ? [] : [`Namespace: ${namespace}`]),
    `URL: ${method} ${url}`,
  ];
  if (errors === undefined) return [...head, `Code: ${status}. Raw Message:`, '', rawBody].join('\n');
  const list = errors.length === 0 ? [''] : errors.map((error) => `* ${error}`);
  return [...head, `Code: ${status}. Errors:`, '', ...list].join('\n');
}
