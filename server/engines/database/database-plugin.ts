import type { JsonObject } from '../../contracts/request.ts';

export type CredentialType = 'password' | 'rsa_private_key' | 'client_certificate';

/** What every folder of `databases/` exports as `plugin`. */
export interface DatabasePlugin {
  /** The folder's name. */
  readonly type: string;
  readonly description: string;
  /** The words of `plugin_name` that mean this database. */
  readonly pluginNames: readonly string[];
  /** Other than these are refused when a credential is asked for. */
  readonly credentialTypes: readonly CredentialType[];
  /** The words that a connection's configuration may have for this database; others are ignored with a warning. */
  readonly details: readonly string[];
  /** How users are named unless the configuration says, and how long a name may be at most. */
  username(pluginName: string): { readonly template: string; readonly maxBytes: number };
  /** `connection_url` as it may be read back, and whether a password had to be taken out of it. */
  maskUrl?(url: string): { readonly masked: string; readonly hasPassword: boolean };
  /**
   * Reads `details` and makes the object, without a connection: that is made when it is needed. Throws
   * 'invalid-request' when the details are wrong.
   */
  open(settings: DatabaseSettings): Database;
}

export interface DatabaseSettings {
  readonly pluginName: string;
  /** As they were written, `username` and `password` among them. */
  readonly details: JsonObject;
}

/**
 * One database that Coffer administers. Every operation ends by itself within `operationSeconds` and is safe to
 * repeat. Rejects with `DatabaseError` only.
 */
export interface Database {
  /** Connects anew, with the very credentials given to `open`. */
  verify(): Promise<void>;
  /** Makes the user by `statements`, all or nothing where the database can. */
  createUser(user: NewUser): Promise<void>;
  /** By `statements`, or the database's own when there are none. */
  setPassword(user: {
    readonly username: string;
    readonly password: string;
    readonly statements: readonly string[];
  }): Promise<void>;
  /** Moves the end that the database itself knows of, where it can know one. */
  setExpiry(user: {
    readonly username: string;
    readonly expiresAtMs: number;
    readonly statements: readonly string[];
  }): Promise<void>;
  /** By `statements`, or the database's own when there are none. A user that is not there is success. */
  deleteUser(user: { readonly username: string; readonly statements: readonly string[] }): Promise<void>;
  /** Waits for what is running, then lets go of every connection. Idempotent. */
  close(): Promise<void>;
}

export interface NewUser {
  readonly username: string;
  readonly credential: NewCredential;
  readonly expiresAtMs: number;
  /** Not empty. */
  readonly statements: readonly string[];
}

export type NewCredential =
  | { readonly type: 'password'; readonly password: string }
  /** PEM. */
  | { readonly type: 'rsa_private_key'; readonly publicKey: string }
  /** As in RFC 4514: `CN=…`. */
  | { readonly type: 'client_certificate'; readonly subject: string };

/** The longest that one operation may take, waiting for a connection included. Below the time core waits for an engine. */
export const operationSeconds = 25;

/**
 * away: no connection could be had, nothing happened. denied: the database refused Coffer's own credentials, nothing
 * happened. refused: it refused a statement, and nothing of the operation stays. unknown: the operation failed, and
 * something of it may stay or come yet.
 */
export type DatabaseErrorKind = 'away' | 'denied' | 'refused' | 'unknown';

/** The message is shown to callers: it never holds a password or key. */
export class DatabaseError extends Error {
  readonly kind: DatabaseErrorKind;
  constructor(kind: DatabaseErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseError';
    this.kind = kind;
  }
}

/** Whether the database is as it was before the operation. */
export function hasNoEffect(error: unknown): boolean {
  return error instanceof DatabaseError && error.kind !== 'unknown';
}
