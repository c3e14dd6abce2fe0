import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { randomText } from '../../crypto/random.ts';
import { wipe } from '../../crypto/wipe.ts';
import { type Canceller, type Ceremony, checkCancel, checkNonce } from './ceremony.ts';
import { decodeShare, ShareCollection } from './key-shares.ts';
import { encryptWithPgp, pgpFingerprints } from './pgp.ts';
import { proveQuorum, quorumOf, requiredQuorum } from './quorum-proof.ts';
import type { ReadyRecord } from './seal-record.ts';
import { checkShareRequest } from './share-request.ts';

/** `hvs.` and 24 characters: the one-time password has a character for each. */
export const otpLength = 28;

export interface GenerateRootStatus {
  readonly started: boolean;
  readonly nonce: string;
  readonly progress: number;
  readonly required: number;
  readonly complete: boolean;
  /** Base64 without padding of token XOR one-time password, or base64 of a PGP message; '' until complete. */
  readonly encodedToken: string;
  readonly fingerprint: string;
  /** Only in the answer to the start that asked the server to make one. */
  readonly otp: string;
}

interface Attempt {
  readonly shares: ShareCollection;
  readonly cover: { readonly otp: Buffer } | { readonly pgpKey: string; readonly fingerprint: string };
  lastActiveMs: number;
}

/** Makes a root token when a quorum asks for it, readable only for whoever began. One attempt at a time, in memory only. */
export class GenerateRoot {
  readonly #ceremony: Ceremony;
  #attempt: Attempt | undefined;

  constructor(ceremony: Ceremony) {
    this.#ceremony = ceremony;
  }

  status(): Promise<GenerateRootStatus> {
    return this.#ceremony.exclusive(async () => this.#status((await this.#ceremony.requireReady()).record));
  }

  /** With neither, the server makes the one-time password. Throws 'invalid-request'. */
  start(request: { readonly otp: string; readonly pgpKey: string }): Promise<GenerateRootStatus> {
    return this.#ceremony.exclusive(async () => {
      const { record } = await this.#ceremony.requireReady();
      if (request.otp !== '' && request.pgpKey !== '') {
        throw invalidRequest('only one of "otp" and "pgp_key" must be specified');
      }
      if (request.otp !== '' && Buffer.byteLength(request.otp) !== otpLength) {
        throw invalidRequest('OTP string has incorrect length', {
          hint: `It needs ${otpLength} characters.`,
        });
      }
      const otp = request.otp === '' && request.pgpKey === '' ? randomText(otpLength) : '';
      const cover =
        request.pgpKey === '' ? { otp: Buffer.from(request.otp || otp) } : await pgpCover(request.pgpKey);
      if (this.#attempt) throw invalidRequest('root generation already in progress');
      requiredQuorum(record);
      this.#attempt = { shares: new ShareCollection('now'), cover, lastActiveMs: this.#now() };
      return { ...this.#status(record), otp };
    });
  }

  cancel(canceller: Canceller): Promise<void> {
    return this.#ceremony.exclusive(async () => {
      await this.#ceremony.requireReady();
      const attempt = this.#attempt;
      if (!attempt) return;
      const { progress, nonce } = attempt.shares;
      checkCancel(canceller, {
        progress,
        nonces: [nonce],
        lastActiveMs: attempt.lastActiveMs,
        nowMs: this.#now(),
      });
      this.discard();
    });
  }

  /** Takes one share. With the last one the token is made, and comes back encoded. */
  provide(share: string, nonce: string, source = ''): Promise<GenerateRootStatus> {
    return this.#ceremony.exclusive(async () => {
      const { record } = await this.#ceremony.requireReady();
      this.#ceremony.limit.take(source);
      const decoded = decodeShare(share);
      const attempt = this.#attempt;
      if (!attempt) {
        wipe(decoded);
        throw invalidRequest('no root generation in progress');
      }
      try {
        checkNonce(nonce, attempt.shares.nonce, 'root generation');
      } catch (error) {
        wipe(decoded);
        throw error;
      }
      attempt.lastActiveMs = this.#now();
      attempt.shares.add(decoded);
      const { threshold } = requiredQuorum(record);
      const key = await attempt.shares.take(threshold);
      if (!key) return this.#status(record);
      try {
        await proveQuorum(this.#ceremony.parts.seal, record, key);
      } finally {
        wipe(key);
      }
      const encodedToken = await this.#makeToken(attempt);
      const done = { ...this.#status(record), progress: threshold, complete: true, encodedToken };
      this.discard();
      return done;
    });
  }

  discard(): void {
    this.#attempt?.shares.clear();
    if (this.#attempt && 'otp' in this.#attempt.cover) wipe(this.#attempt.cover.otp);
    this.#attempt = undefined;
  }

  async #makeToken({ cover }: Attempt): Promise<string> {
    const { hooks, logger } = this.#ceremony.parts;
    const token = Buffer.from(await hooks.createRootToken());
    logger.warn('a root token was generated by a quorum of key holders');
    if ('pgpKey' in cover) {
      const { bytes } = await encryptWithPgp([token], [cover.pgpKey]);
      return Buffer.from(bytes[0] ?? []).toString('base64');
    }
    if (token.length !== cover.otp.length) {
      throw new CofferError('internal', undefined, {
        detail: 'the root token does not have the length of the OTP',
      });
    }
    return Buffer.from(token.map((byte, index) => byte ^ (cover.otp[index] ?? 0)))
      .toString('base64')
      .replace(/=+$/, '');
  }

  #status(record: ReadyRecord): GenerateRootStatus {
    const attempt = this.#attempt;
    return {
      started: attempt !== undefined,
      nonce: attempt?.shares.nonce ?? '',
      progress: attempt?.shares.progress ?? 0,
      required: quorumOf(record)?.threshold ?? 0,
      complete: false,
      encodedToken: '',
      fingerprint: attempt && 'pgpKey' in attempt.cover ? attempt.cover.fingerprint : '',
      otp: '',
    };
  }

  #now(): number {
    return this.#ceremony.parts.clock.now();
  }
}

async function pgpCover(pgpKey: string) {
  await checkShareRequest('error parsing PGP key', { shares: 1, threshold: 1, pgpKeys: [pgpKey] });
  const [fingerprint = ''] = (await pgpFingerprints([pgpKey])) ?? [];
  return { pgpKey, fingerprint };
}
