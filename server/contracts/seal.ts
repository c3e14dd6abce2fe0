/**
 * What protects the root key while the server is down. A seal wraps bytes (the root key, or with `shamir`
 * the unseal key's own share of the work) and never sees a record. Its errors carry no key material.
 */
export interface Seal {
  readonly type: string;
  /**
   * auto: `unwrap` works by itself, so the server unseals at start, and Shamir shares are recovery keys.
   * shares: the wrapping key is split among people, who bring their shares to unseal.
   */
  readonly mode: 'auto' | 'shares';
  /** Encrypts `plaintext` for `context` (authenticated, not secret). The caller wipes `plaintext`. */
  wrap(plaintext: Uint8Array, context: string): Promise<Uint8Array>;
  /** Throws `SealError` 'wrong-key' when the key does not fit, 'unavailable' when it cannot be reached. */
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array>;
  /** True when `wrapped` was made under an older key of this seal and should be wrapped again. */
  isStale(wrapped: Uint8Array): boolean;
  /**
   * Every seal of mode `shares` has it, and no other: the same seal holding `unsealKey` (32 bytes, combined from
   * shares; copied, the caller wipes its own). Without a key such a seal neither wraps nor unwraps ('unavailable').
   */
  withKey?(unsealKey: Uint8Array): Seal;
  close(): Promise<void>;
}

export class SealError extends Error {
  readonly kind: 'wrong-key' | 'unavailable' | 'invalid';
  readonly hint: string;
  constructor(kind: SealError['kind'], message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SealError';
    this.kind = kind;
    this.hint = hint;
  }
}

/** What every folder of `server/seals/` exports as `plugin`. */
export interface SealPlugin {
  /** The folder's name and the word in `seal "TYPE" { … }`. */
  readonly type: string;
  readonly mode: Seal['mode'];
  /** `settings` are the words of the stanza; `environment` is read for the variables the seal documents. */
  open(
    settings: Readonly<Record<string, unknown>>,
    context: {
      readonly environment: Readonly<Record<string, string | undefined>>;
      readonly logger: import('./logger.ts').Logger;
    },
  ): Promise<Seal>;
}
