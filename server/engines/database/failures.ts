import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { DatabaseError } from './database-plugin.ts';

/** As Go's multierror prints one error, in which Vault wraps what its engines fail with. */
export function wrapped(message: string): string {
  return `1 error occurred:\n\t* ${message}\n\n`;
}

/** What an engine could not do for a reason that is not the request's: 500, in Vault's wrapping. */
export function failed(message: string, cause?: unknown): CofferError {
  return new CofferError('internal', wrapped(message), { cause });
}

/** A failure of the database as callers see it; anything else as it is. */
export function shownFailure(error: unknown, before = ''): unknown {
  return error instanceof DatabaseError ? failed(`${before}${error.message}`, error) : error;
}

/** Vault answers 500; that the name is wrong is the caller's mistake, so it is 400 here. */
export function noConnection(name: string): CofferError {
  return invalidRequest(`failed to find entry for connection with name: ${JSON.stringify(name)}`, {
    hint: 'List what there is with: coffer list database/config',
  });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}

/** Names become storage keys and parts of user names. As Vault's `GenericNameRegex`. */
export function checkedName(name: string): string {
  if (/^\w(?:[\w.-]*\w)?$/.test(name) && name.length <= 512) return name;
  throw invalidRequest(
    'a name has letters, digits, "_", "-" and "." only, and begins and ends with a letter or digit',
  );
}
