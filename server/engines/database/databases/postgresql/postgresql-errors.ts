import { DatabaseError } from '../../database-plugin.ts';
import type { ConnectionTarget } from './connection-url.ts';

interface ServerError {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

/** What the server itself said, as opposed to the driver or the network. */
export function serverError(error: unknown): ServerError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  const { code, severity, message } = error;
  return typeof code === 'string' && typeof severity === 'string' ? { code, severity, message } : undefined;
}

/** Why there is no connection. In the words of Vault's driver as far as clients may know them. */
export function connectionProblem(error: unknown, target: ConnectionTarget): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { user, database, host, port, password } = target;
  const said = serverError(error);
  const why = said
    ? `server error: ${said.severity}: ${said.message} (SQLSTATE ${said.code})`
    : `dial error: ${error instanceof Error ? error.message || nameOf(error) : 'unknown'}`;
  const message = `failed to connect to \`user=${user} database=${database}\`: ${host}:${port} (${host}): ${why}`;
  return new DatabaseError(
    said?.code.startsWith('28') ? 'denied' : 'away',
    withoutSecrets(message, [password]),
  );
}

/** Why a statement failed. `secrets` are taken out, since the server quotes the statement that it does not understand. */
export function statementProblem(
  error: unknown,
  secrets: readonly string[],
  wasCommitting: boolean,
): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const said = serverError(error);
  if (said) {
    const message = `failed to execute query: ${said.severity}: ${said.message} (SQLSTATE ${said.code})`;
    return new DatabaseError(wasCommitting ? 'unknown' : 'refused', withoutSecrets(message, secrets));
  }
  const why = error instanceof Error ? error.message || nameOf(error) : 'unknown';
  return new DatabaseError('unknown', withoutSecrets(`the connection was lost: ${why}`, secrets));
}

function nameOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** As they are, and as `fillStatements` may have written them. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length > 2)
    .flatMap((secret) => {
      const doubled = secret.replaceAll("'", "''");
      return [doubled.replaceAll('\\', '\\\\'), doubled, secret.replaceAll('"', '""'), secret];
    })
    .reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}
