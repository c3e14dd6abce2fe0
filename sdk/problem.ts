import { isObject } from './secret.ts';

/** The platform API said no: problem details (RFC 9457). The message is what people should read. */
export class ProblemError extends Error {
  readonly status: number;
  /** Stable, such as `permission-denied`, `not-found`, `conflict`, `expired`. */
  readonly code: string;
  /** What to do about it. */
  readonly hint: string | undefined;
  readonly requestId: string | undefined;

  constructor(status: number, body: unknown) {
    const problem = isObject(body) ? body : {};
    const text = (key: string): string | undefined =>
      typeof problem[key] === 'string' ? problem[key] : undefined;
    super(text('detail') ?? `the server answered with status ${status}`);
    this.name = 'ProblemError';
    this.status = status;
    this.code = text('type')?.replace('urn:coffer:error:', '') ?? 'unknown';
    this.hint = text('hint');
    this.requestId = text('request_id');
  }
}
