/**
 * Every way in which a request can end badly: code → HTTP status and the sentence for the caller when the
 * thrower has no better one. Codes are stable; docs/reference/errors.md is generated from this table.
 */
export const errorTable = {
  'invalid-request': {
    status: 400,
    message: 'invalid request',
    meaning: 'A field, a body or a path is not what the operation takes.',
  },
  'cas-mismatch': {
    status: 400,
    message: 'check-and-set parameter did not match the current version',
    meaning: 'Somebody else wrote first, or `cas` is missing where it is required.',
  },
  'bad-wrapping-token': {
    status: 400,
    message: 'wrapping token is not valid or does not exist',
    meaning: 'The wrapping token was used before, has expired, or never was one.',
  },
  'permission-denied': {
    status: 403,
    message: 'permission denied',
    meaning:
      'No token, a token that is not valid, or no policy that allows the operation. Which of them is never said.',
  },
  'invalid-credentials': {
    status: 400,
    message: 'invalid username or password',
    meaning: 'A login with a name or a secret that is not right. Which of them is never said.',
  },
  'not-found': { status: 404, message: '', meaning: 'Nothing there, or an empty list.' },
  'no-route': {
    status: 404,
    message: 'no handler for route',
    meaning: 'No engine is mounted at the path, or it has no such path.',
  },
  'unsupported-operation': {
    status: 405,
    message: 'unsupported operation',
    meaning: 'The path exists and does not take this verb.',
  },
  expired: {
    status: 410,
    message: 'the secret has expired',
    meaning:
      'The secret has an expiry and it has passed. Its data is still there for those who set a later one.',
  },
  conflict: {
    status: 409,
    message: 'the object was changed by another request; try again',
    meaning: 'Two requests changed one object at the same moment.',
  },
  'too-large': {
    status: 413,
    message: 'request body is larger than the listener allows',
    meaning: '`max_request_size`, 32 MiB unless configured.',
  },
  'unsupported-media-type': {
    status: 415,
    message: 'PATCH requires Content-Type: application/merge-patch+json',
    meaning: 'A PATCH with another content type.',
  },
  'rate-limited': {
    status: 429,
    message: 'request path exceeded its rate limit quota',
    meaning: 'A quota said no; Retry-After says when to come back.',
  },
  internal: {
    status: 500,
    message: 'internal error',
    meaning: 'A defect or a fault of the machine; the server log has the request id.',
  },
  'audit-failure': {
    status: 500,
    message: 'no audit device could record the request, so it was not served',
    meaning: 'Every enabled audit device failed or timed out.',
  },
  'storage-full': {
    status: 507,
    message: 'the store is full; nothing was written',
    meaning: 'No space on the disk that holds the store.',
  },
  'storage-corrupt': {
    status: 500,
    message: 'a stored record cannot be trusted',
    meaning: 'A record was truncated, altered or moved; its storage key is named.',
  },
  'too-busy': {
    status: 503,
    message: 'too many large requests are being received at once; try again',
    meaning:
      'The bodies under way have filled the room that all connections share. Small ones are still taken.',
  },
  sealed: { status: 503, message: 'Vault is sealed', meaning: 'The server has not been unsealed.' },
  unavailable: {
    status: 503,
    message: 'the server cannot answer now',
    meaning: 'Starting, stopping, or its store is away.',
  },
  'not-initialized': {
    status: 400,
    message: 'Vault is not initialized',
    meaning: 'The store has never been initialised.',
  },
} as const satisfies Record<string, { status: number; message: string; meaning: string }>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorOptionsFull {
  /** What to do about it, for people; sent with the message. */
  readonly hint?: string;
  /** For the server's log only. Never a secret. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** Overrides the table's status, where Vault's clients depend on another. */
  readonly status?: number;
  /** Sent beside `errors`, for the few answers of Vault that carry data with a failure. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly string[];
}

/** A declared failure. `message` is public: the caller sees it word for word. */
export class CofferError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly warnings: readonly string[] | undefined;

  constructor(code: ErrorCode, message?: string, options: ErrorOptionsFull = {}) {
    super(message ?? errorTable[code].message, { cause: options.cause });
    this.name = 'CofferError';
    this.code = code;
    this.status = options.status ?? errorTable[code].status;
    this.hint = options.hint;
    this.detail = options.detail;
    this.data = options.data;
    this.warnings = options.warnings;
  }
}

/** The one that handlers throw most: HTTP 400 with `message`. */
export function invalidRequest(message: string, options?: ErrorOptionsFull): CofferError {
  return new CofferError('invalid-request', message, options);
}
