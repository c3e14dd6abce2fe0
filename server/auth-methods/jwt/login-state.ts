import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../../contracts/clock.ts';
import type { Records } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { aeadKeyBytes, aeadNonceBytes, aeadTagBytes, openAead, sealAead } from '../../crypto/aead.ts';
import { randomBytes, randomText } from '../../crypto/random.ts';
import { objectOf } from '../outbound-request.ts';

/** A login in a browser between its two halves. */
export interface LoginState {
  readonly role: string;
  readonly redirectUri: string;
  /** In the ID token that answers (OpenID Connect Core section 3.1.2.1). */
  readonly nonce: string;
  /** RFC 7636. */
  readonly verifier: string;
  /** What only the client that began the login knows; empty when it gave none. */
  readonly clientNonce: string;
}

const lifetimeMs = 10 * 60_000;
const stateKeyName = 'state-key';
const longest = 8192;

/**
 * States that carry what they stand for, sealed, in the `state` parameter itself: callers without a token can begin as many
 * logins as they like, and nothing is stored. Each works for ten minutes at the mount that made it, on any node.
 * The provider takes a code only once and only with the verifier that is sealed here, so a state is worth nothing twice.
 */
export class LoginStates {
  readonly #records: Records;
  readonly #clock: Clock;
  readonly #mountUuid: string;

  constructor(records: Records, clock: Clock, mountUuid: string) {
    this.#records = records;
    this.#clock = clock;
    this.#mountUuid = mountUuid;
  }

  async begin(about: Omit<LoginState, 'nonce' | 'verifier'>): Promise<LoginState & { state: string }> {
    const made: LoginState = { ...about, nonce: randomText(32), verifier: randomText(64) };
    const nonce = randomBytes(aeadNonceBytes);
    const text = JSON.stringify({ ...made, endsMs: this.#clock.now() + lifetimeMs });
    const sealed = sealAead(await this.#key(), nonce, Buffer.from(this.#mountUuid), Buffer.from(text));
    const state = Buffer.concat([nonce, sealed.ciphertext, sealed.tag]).toString('base64url');
    return { ...made, state };
  }

  /** Undefined for what this mount did not make, or made too long ago. */
  async open(state: string): Promise<LoginState | undefined> {
    if (state.length > longest || !/^[\w-]+$/.test(state)) return undefined;
    const bytes = Buffer.from(state, 'base64url');
    if (bytes.length <= aeadNonceBytes + aeadTagBytes || bytes.toString('base64url') !== state)
      return undefined;
    const found = this.#opened(await this.#key(), bytes);
    const { role, redirectUri, nonce, verifier, clientNonce, endsMs } = found ?? {};
    if (typeof endsMs !== 'number' || endsMs <= this.#clock.now()) return undefined;
    if (typeof role !== 'string' || typeof redirectUri !== 'string' || typeof nonce !== 'string')
      return undefined;
    if (typeof verifier !== 'string' || typeof clientNonce !== 'string') return undefined;
    return { role, redirectUri, nonce, verifier, clientNonce };
  }

  #opened(key: KeyObject, bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
    const end = bytes.length - aeadTagBytes;
    try {
      const nonce = bytes.subarray(0, aeadNonceBytes);
      const opened = openAead(
        key,
        nonce,
        Buffer.from(this.#mountUuid),
        bytes.subarray(aeadNonceBytes, end),
        bytes.subarray(end),
      );
      return objectOf(Buffer.from(opened).toString('utf8'));
    } catch {
      return undefined;
    }
  }

  /** Made by whoever needs it first. */
  async #key(): Promise<KeyObject> {
    const stored = await this.#records.get<string>(stateKeyName);
    if (stored) return createSecretKey(Buffer.from(stored.value, 'base64'));
    const fresh = randomBytes(aeadKeyBytes).toString('base64');
    try {
      await this.#records.commit({
        expect: [{ key: stateKeyName, stored: undefined }],
        put: [[stateKeyName, fresh]],
      });
      return createSecretKey(Buffer.from(fresh, 'base64'));
    } catch (error) {
      if (error instanceof StorageConflict) return this.#key();
      throw error;
    }
  }
}
