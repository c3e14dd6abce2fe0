import { ApiError } from '../sdk/api-error.ts';
import { ProblemError } from '../sdk/problem.ts';
import { TransportError } from '../sdk/transport.ts';
import type { Flags } from './arguments/parse-flags.ts';
import type { Clients } from './connection/connect.ts';
import { Failure } from './failure.ts';
import type { Environment, Format } from './settings.ts';
import type { Terminal } from './terminal.ts';

export type Tone = 'error' | 'warning' | 'note';

/** One run of one command: what it was asked, and where its answer goes. */
export interface Run {
  readonly flags: Flags;
  /** Positional arguments, their number already checked. */
  readonly words: readonly string[];
  readonly environment: Environment;
  readonly terminal: Terminal;
  readonly format: Format;
  /** Everything after the command's name, as it was given. */
  readonly rawArguments: readonly string[];
  /** The value of -field. */
  field(): string | undefined;
  clients(): Promise<Clients>;
  /** The text in colour, where standard error is a terminal that wants it. */
  paint(tone: Tone, text: string): string;
}

/** The word at `index`; only for words that the command's arity promises. */
export function word(run: Run, index: number): string {
  const value = run.words[index];
  if (value === undefined) throw new Error('the arity of the command promises more words than there are');
  return value;
}

/** A path without the slashes and spaces around it, as Vault reads it. */
export function cleanPath(path: string): string {
  return path.trim().replace(/^\/+|\/+$/g, '');
}

/** Runs a request; when it fails, the message begins with `what`, and the exit code is 2. */
export async function attempt<T>(what: string, request: () => Promise<T>, exitCode: 1 | 2 = 2): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw asFailure(what, error, exitCode);
  }
}

/** An error of the client as a `Failure`; any other error comes back as it is. */
export function asFailure(what: string, error: unknown, exitCode: 1 | 2 = 2): unknown {
  const prefix = what === '' ? '' : `${what}: `;
  if (error instanceof ApiError) return new RefusedByServer(exitCode, prefix + error.message, error);
  if (error instanceof ProblemError) return new Failure(exitCode, prefix + error.message, error.hint);
  if (error instanceof TypeError && error.message.startsWith('a path'))
    return new Failure(1, prefix + error.message);
  if (!(error instanceof TransportError)) return error;
  const refused = error.message.includes('refused') || error.message.includes('no socket');
  return new Failure(
    exitCode,
    prefix + error.message,
    refused
      ? 'Is the server running there? `coffer start` starts one; -address or COFFER_ADDR names another.'
      : undefined,
  );
}

/** The server answered with an error, perhaps with warnings besides. */
export class RefusedByServer extends Failure {
  override readonly cause: ApiError;
  constructor(exitCode: 1 | 2, message: string, cause: ApiError) {
    super(exitCode, message);
    this.cause = cause;
  }
}
