import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { invalidRequest } from '../../../../contracts/errors.ts';
import type { DatabaseSettings } from '../../database-plugin.ts';
import { DetailReader } from '../../details.ts';
import { type ConnectionTarget, readConnectionUrl } from './connection-url.ts';

export interface PostgresqlSettings {
  readonly target: ConnectionTarget;
  readonly tls: TlsChoice;
  readonly maxOpen: number;
  readonly maxIdle: number;
  /** 0: as long as it works. */
  readonly maxLifetimeSeconds: number;
  readonly hashesPasswords: boolean;
}

export interface TlsChoice {
  /** Undefined: no TLS. */
  readonly options: ConnectionOptions | undefined;
  /** A server without TLS is used all the same (`prefer`). */
  readonly mayFallBack: boolean;
}

/** The words of `config/<name>` for PostgreSQL. */
export const postgresqlDetails = [
  'connection_url',
  'username',
  'password',
  'disable_escaping',
  'username_template',
  'password_authentication',
  'max_open_connections',
  'max_idle_connections',
  'max_connection_lifetime',
  'tls_ca',
  'tls_certificate',
  'private_key',
] as const;

const defaultMaxOpen = 4;
const mostOpen = 100;

/** Throws 'invalid-request', in Vault's words where clients may know them. */
export function readPostgresqlSettings({ details }: DatabaseSettings): PostgresqlSettings {
  const reader = new DetailReader(details);
  const maxOpen = reader.int('max_open_connections') || defaultMaxOpen;
  if (maxOpen < 0 || maxOpen > mostOpen)
    throw invalidRequest(`max_open_connections must be between 1 and ${mostOpen}`);
  const maxIdle = reader.int('max_idle_connections') || maxOpen;
  const authentication = reader.text('password_authentication') || 'password';
  if (authentication !== 'password' && authentication !== 'scram-sha-256')
    throw invalidRequest(`'${authentication.slice(0, 40)}' is not a valid password authentication type`);
  const target = readConnectionUrl(reader.text('connection_url'), {
    username: reader.text('username'),
    password: reader.text('password'),
    isEscaped: reader.bool('disable_escaping') ?? false,
  });
  return {
    target,
    tls: tlsChoice(reader, target),
    maxOpen,
    // As Vault: negative keeps none.
    maxIdle: Math.max(0, Math.min(maxIdle, maxOpen)),
    maxLifetimeSeconds: reader.seconds('max_connection_lifetime') ?? 0,
    hashesPasswords: authentication === 'scram-sha-256',
  };
}

/**
 * libpq's modes: `require` encrypts to whoever answers, unless `tls_ca` says who may, as `verify-ca` does; `verify-full`
 * also checks the name. With `tls_ca` and no `sslmode`, everything is checked.
 */
function tlsChoice(reader: DetailReader, target: ConnectionTarget): TlsChoice {
  const ca = reader.text('tls_ca');
  const certificate = reader.text('tls_certificate');
  const key = reader.text('private_key');
  if ((certificate === '') !== (key === ''))
    throw invalidRequest('tls_certificate and private_key go together');
  if (ca !== '') readable('tls_ca', () => new X509Certificate(ca));
  if (certificate !== '') readable('tls_certificate', () => new X509Certificate(certificate));
  if (key !== '') readable('private_key', () => createPrivateKey(key));
  const { sslMode } = target;
  const asksForTls = ca !== '' || certificate !== '';
  if (sslMode === 'disable') {
    if (asksForTls) throw invalidRequest('sslmode=disable contradicts tls_ca and tls_certificate');
    return { options: undefined, mayFallBack: false };
  }
  const isOpportunistic = sslMode === 'prefer' || sslMode === 'allow';
  const checksName = sslMode === 'verify-full' || (isOpportunistic && ca !== '');
  const checksChain = checksName || sslMode === 'verify-ca' || ca !== '';
  return {
    options: {
      ...(ca === '' ? {} : { ca }),
      ...(certificate === '' ? {} : { cert: certificate, key }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: checksChain,
      ...(checksName ? {} : { checkServerIdentity: () => undefined }),
    },
    mayFallBack: isOpportunistic && !asksForTls,
  };
}

function readable(name: string, read: () => unknown): void {
  try {
    read();
  } catch {
    throw invalidRequest(`${name} cannot be read: PEM is expected`);
  }
}
