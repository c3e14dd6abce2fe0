import { randomBytes } from 'node:crypto';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { decodeBase32, encodeBase32 } from '../../crypto/base32.ts';
import { judgeCode, secondsToNextStep, type TimedCodeForm } from '../../crypto/totp.ts';
import type { EntityRecord } from '../identity/entity-record.ts';
import { mfaSecretKey } from '../identity/identity-keys.ts';
import { identityPrefix } from '../identity/identity-parts.ts';
import type { TotpMethodRecord } from './mfa-record.ts';
import { type Attempts, afterFailure, noAttempts, secondsToWait } from './totp-attempts.ts';

/** Of one entity for one method, as the method was when it was made. */
interface TotpSecret extends TimedCodeForm {
  /** Base32 without padding. */
  readonly key: string;
  readonly usedSteps: readonly number[];
  readonly attempts: Attempts;
}

/** All of one entity, beside it in the records of identity, so that they go with it. By the id of the method. */
interface EntitySecrets {
  readonly methods: Readonly<Record<string, TotpSecret>>;
}

interface Found {
  readonly key: string;
  readonly stored: Stored<EntitySecrets>;
  readonly secret: TotpSecret;
}

type Owner = Pick<EntityRecord, 'id' | 'mergedEntityIds'>;

const mostAttempts = 50;

/** The keys that entities share with their authenticators, which codes of them were used, and wrong ones counted. */
export class TotpSecrets {
  readonly #recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly #clock: Clock;

  constructor(recordsOf: (namespaceId: string, prefix: string) => Records, clock: Clock) {
    this.#recordsOf = recordsOf;
    this.#clock = clock;
  }

  /** A new key for an entity; undefined when it has one for this method already. */
  async create(
    namespaceId: string,
    owner: Owner,
    { id, settings }: TotpMethodRecord,
  ): Promise<Uint8Array | undefined> {
    const records = this.#records(namespaceId);
    const key = randomBytes(settings.keySize);
    const { algorithm, digits, periodSeconds, skew } = settings;
    const form = { algorithm, digits, periodSeconds, skew };
    const secret: TotpSecret = { ...form, key: encodeBase32(key), usedSteps: [], attempts: noAttempts };
    const at = mfaSecretKey(owner.id);
    return persist(async () => {
      if (await this.#find(records, owner, id)) return undefined;
      const stored = await records.get<EntitySecrets>(at);
      const after: EntitySecrets = { methods: { ...stored?.value.methods, [id]: secret } };
      await records.commit({ expect: [{ key: at, stored }], put: [[at, after]] });
      return key;
    });
  }

  /** The entity has to get a new key. Nothing happens when it has none. */
  async destroy(namespaceId: string, owner: Owner, methodId: string): Promise<void> {
    const records = this.#records(namespaceId);
    await persist(async () => {
      for (let found = await this.#find(records, owner, methodId); found; ) {
        const { [methodId]: _gone, ...methods } = found.stored.value.methods;
        const expect = [{ key: found.key, stored: found.stored }];
        if (Object.keys(methods).length === 0) await records.commit({ expect, remove: [found.key] });
        else await records.commit({ expect, put: [[found.key, { methods } satisfies EntitySecrets]] });
        found = await this.#find(records, owner, methodId);
      }
    });
  }

  /**
   * Undefined when the code is right; else why not, in Vault's sentences. That it was used, or that it was wrong, is on
   * disk before this resolves: of attempts at once, on any node, one succeeds, and no guess goes uncounted.
   */
  prove(
    namespaceId: string,
    owner: Owner,
    method: TotpMethodRecord,
    passcode: string,
  ): Promise<string | undefined> {
    const records = this.#records(namespaceId);
    return persist(async () => {
      const found = await this.#find(records, owner, method.id);
      if (!found)
        return `MFA secret for method name ${JSON.stringify(method.name)} not present in entity ${JSON.stringify(owner.id)}`;
      const { secret } = found;
      const nowMs = this.#clock.now();
      const most = method.settings.maxValidationAttempts;
      const wait = secondsToWait(secret.attempts, nowMs);
      if (wait > 0)
        return `maximum TOTP validation attempts ${most + 1} exceeded the allowed attempts ${most}. Please try again in ${wait} seconds`;
      const verdict = judgeCode(keyOf(secret), passcode, nowMs, secret, secret.usedSteps);
      if (verdict.outcome === 'used')
        return `code already used; new code is available in ${secondsToNextStep(nowMs, secret.periodSeconds)} seconds`;
      const change =
        verdict.outcome === 'accepted'
          ? { usedSteps: verdict.usedSteps, attempts: noAttempts }
          : { attempts: afterFailure(secret.attempts, nowMs, { most, periodSeconds: secret.periodSeconds }) };
      await this.#write(records, found, method.id, { ...secret, ...change });
      return verdict.outcome === 'accepted' ? undefined : 'failed to validate TOTP passcode';
    });
  }

  async #write(
    records: Records,
    { key, stored }: Found,
    methodId: string,
    secret: TotpSecret,
  ): Promise<void> {
    const after: EntitySecrets = { methods: { ...stored.value.methods, [methodId]: secret } };
    await records.commit({ expect: [{ key, stored }], put: [[key, after]] });
  }

  /** An entity has what those had that were merged into it; its own comes first. */
  async #find(records: Records, owner: Owner, methodId: string): Promise<Found | undefined> {
    const keys = [owner.id, ...owner.mergedEntityIds].map(mfaSecretKey);
    const all = await records.getMany<EntitySecrets>(keys);
    for (const [index, stored] of all.entries()) {
      const secret = stored?.value.methods[methodId];
      const key = keys[index];
      if (stored && secret && key !== undefined) return { key, stored, secret };
    }
    return undefined;
  }

  #records(namespaceId: string): Records {
    return this.#recordsOf(namespaceId, identityPrefix);
  }
}

function keyOf({ key }: TotpSecret): Uint8Array {
  const bytes = decodeBase32(key);
  if (typeof bytes === 'number') throw new TypeError('a stored key is no base32');
  return bytes;
}

/** Runs `work` until nobody wrote between its reading and its writing. */
async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
      if (attempt >= mostAttempts) throw new CofferError('conflict');
    }
  }
}
