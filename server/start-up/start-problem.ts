import { CofferError } from '../contracts/errors.ts';
import { SealError } from '../contracts/seal.ts';
import { StorageError } from '../contracts/storage.ts';
import { ConfigurationError } from './configuration/read-configuration.ts';
import { ListenerError } from './listeners/listener-error.ts';

/** The server cannot start. `message` is a sentence without its full stop; `hint` says what to do. */
export class StartProblem extends Error {
  readonly hint: string;
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartProblem';
    this.hint = hint;
  }
}

/** What to tell the operator about anything that was thrown: one sentence, a hint, and never a stack trace. */
export function explain(error: unknown): string {
  if (error instanceof ConfigurationError) {
    return `The configuration cannot be used:\n${error.message.replaceAll(/^/gm, '  ')}\n`;
  }
  if (
    error instanceof StartProblem ||
    error instanceof ListenerError ||
    error instanceof StorageError ||
    error instanceof SealError
  ) {
    return `Coffer cannot start: ${withoutStop(error.message)}.\n${error.hint}\n`;
  }
  if (error instanceof CofferError) {
    return `Coffer cannot start: ${withoutStop(error.message)}.\n${error.hint ?? ''}`.trimEnd().concat('\n');
  }
  if (error instanceof Error) {
    return `Coffer cannot start: ${withoutStop(error.message)}.\n`;
  }
  return 'Coffer cannot start, and nobody said why.\n';
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

/** Of the message of a defect nothing is shown, since it may quote what it worked on; its place says enough. */
export function explainDefect(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  const code = error instanceof Error && 'code' in error ? ` ${String(error.code)}` : '';
  const place = error instanceof Error ? /\n\s+at (.*)/.exec(error.stack ?? '')?.[1] : undefined;
  return `${name}${code}${place === undefined ? '' : ` at ${place.replace(/file:\/\/\S*\/(?=[^/]+\/[^/]+$)/, '')}`}`;
}

/** The system's code of an error, or ''. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
