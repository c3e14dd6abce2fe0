import { createPrivateKey, type KeyObject } from 'node:crypto';
import { stringifyJson } from '../../../../formats/json/index.ts';
import { CofferError, invalidRequest } from '../../../contracts/errors.ts';
import type { JsonObject } from '../../../contracts/request.ts';
import { wipe } from '../../../crypto/wipe.ts';
import type { Fence } from '../../tokens/system-change.ts';
import { generateKey, type NewKey } from './algorithms.ts';
import { dueAt, type RingChange, replace, rotate, withoutExpired } from './key-ring.ts';
import { type OidcDraft, oidcPrefix } from './oidc-draft.ts';
import { checkName, refuseReferenced } from './oidc-names.ts';
import { type AlgorithmName, algorithmNames, defaultName, type KeyRecord } from './oidc-records.ts';
import type { OidcStore } from './oidc-store.ts';

type Where = { readonly id: string };

/** What may be set of a key; what is undefined stays as it is. Seconds. */
export interface KeyWish {
  readonly algorithm?: string | undefined;
  readonly rotation_period?: number | undefined;
  readonly verification_ttl?: number | undefined;
  readonly allowed_client_ids?: readonly string[] | undefined;
}

const shortestRotationSeconds = 60;
const mostAttempts = 10;
const privateKeyAt = (kid: string) => `private/${kid}`;

/**
 * Named keys: made, rotated, used. The record of a key holds its public parts; a private part lies in a record of
 * its own, is read only to sign, and is removed in the commit after which it signs no more.
 */
export class SigningKeys {
  readonly #store: OidcStore;

  constructor(store: OidcStore) {
    this.#store = store;
  }

  /** Throws 'invalid-request'. */
  async write(namespace: Where, name: string, wish: KeyWish): Promise<void> {
    checkName(name);
    let made: readonly NewKey[] = [];
    await this.#store.changeSettings(namespace, async (draft) => {
      const stored = await this.#store.find(draft, 'key', name);
      const before = stored ?? firstKey(this.#now());
      const wished = changed(before, wish);
      const algorithm = algorithmOf(wish.algorithm ?? before.algorithm);
      if (stored) await this.#refuseShorter(namespace, name, wished.verificationTtlSeconds);
      const soonestMs = this.#now() + wished.rotationPeriodSeconds * 1000;
      const nextRotationMs =
        before.nextRotationMs > 0 ? Math.min(before.nextRotationMs, soonestMs) : soonestMs;
      const rules: KeyRecord = { ...wished, nextRotationMs };
      if (before.signing && algorithm === before.algorithm)
        return this.#put(draft, name, stored, { key: rules, discarded: [] });
      // The built-in key gets its parts when somebody first uses it.
      if (name === defaultName && !before.signing)
        return this.#put(draft, name, stored, { key: { ...rules, algorithm }, discarded: [] });
      if (made[0]?.published.jwk.alg !== algorithm) made = await twoKeys(algorithm);
      const [signing, next] = published(made);
      this.#keep(draft, made);
      return this.#put(draft, name, stored, replace(rules, algorithm, [signing, next], this.#now()));
    });
  }

  /** Throws 'invalid-request'. */
  async remove(namespace: Where, name: string): Promise<void> {
    if (name === defaultName) throw invalidRequest(`deletion of key "${name}" not allowed`);
    await this.#store.changeSettings(namespace, async (draft) => {
      const key = await this.#store.find(draft, 'key', name);
      if (!key) return;
      const roles = await this.#store.all(namespace, 'role');
      refuseReferenced('key', name, 'roles', namesOf(roles, name));
      refuseReferenced('key', name, 'clients', namesOf(await this.#store.all(namespace, 'client'), name));
      draft.remove(`key/${name}`);
      for (const old of [key.signing, key.next]) if (old) draft.remove(privateKeyAt(old.kid));
      draft.moveDue('key', name, dueAt(key), undefined);
    });
  }

  /** Throws 'invalid-request' when there is no such key. */
  async rotate(namespace: Where, name: string, verificationTtlSeconds: number | undefined): Promise<void> {
    const found = await this.#store.read(namespace, 'key', name);
    if (!found) throw invalidRequest(`no named key found at ${JSON.stringify(name)}`);
    await this.#rotate(namespace, name, found, verificationTtlSeconds, () => true);
  }

  /** The background job's part: rotates what is due, forgets what has expired. */
  async upkeep(namespace: Where, name: string, fence: Fence): Promise<void> {
    const key = await this.#store.read(namespace, 'key', name);
    if (!key?.signing) return;
    const isDue = ({ nextRotationMs }: KeyRecord) => nextRotationMs <= this.#now();
    if (isDue(key)) return this.#rotate(namespace, name, key, undefined, isDue, fence);
    await this.#store.change(namespace, async (draft) => {
      draft.add(fence);
      const stored = await this.#store.find(draft, 'key', name);
      const next = stored && withoutExpired(stored, this.#now());
      if (next && next !== stored) this.#put(draft, name, stored, { key: next, discarded: [] });
    });
  }

  /** The key with its parts: the built-in one gets them when it is first needed. */
  async ready(namespace: Where, name: string): Promise<KeyRecord | undefined> {
    const key = await this.#store.read(namespace, 'key', name);
    if (!key || key.signing || name !== defaultName) return key;
    const made = await twoKeys(key.algorithm);
    return this.#store.change(namespace, async (draft) => {
      const stored = await this.#store.find(draft, 'key', name);
      if (!stored || stored.signing) return stored;
      const [signing, next] = published(made);
      const nextRotationMs = this.#now() + stored.rotationPeriodSeconds * 1000;
      const complete = { ...stored, signing, next, nextRotationMs };
      this.#keep(draft, made);
      this.#put(draft, name, stored, { key: complete, discarded: [] });
      return complete;
    });
  }

  /**
   * A JWT (RFC 7519) with the claims that `claims` makes for the key that signs it; it may be asked again when the
   * key is rotated at this moment. Undefined when there is no such key.
   */
  async sign(
    namespace: Where,
    name: string,
    claims: (key: KeyRecord) => JsonObject,
  ): Promise<string | undefined> {
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const key = await this.ready(namespace, name);
      if (!key?.signing) return undefined;
      const { algorithm, signing } = key;
      const privateKey = await this.#privateKey(namespace, signing.kid);
      if (!privateKey) continue;
      const { CompactSign } = await import('jose');
      return new CompactSign(Buffer.from(stringifyJson(claims(key))))
        .setProtectedHeader({ alg: algorithm, kid: signing.kid })
        .sign(privateKey);
    }
    throw new CofferError('conflict');
  }

  async #rotate(
    namespace: Where,
    name: string,
    found: KeyRecord,
    verificationTtlSeconds: number | undefined,
    isWanted: (key: KeyRecord) => boolean,
    fence?: Fence,
  ): Promise<void> {
    let made = await twoKeys(found.algorithm, found.next ? 1 : 2);
    await this.#store.change(namespace, async (draft) => {
      if (fence) draft.add(fence);
      const key = await this.#store.find(draft, 'key', name);
      if (!key || !isWanted(key)) return;
      const needed = key.next ? 1 : 2;
      if (made.length < needed || made[0]?.published.jwk.alg !== key.algorithm)
        made = await twoKeys(key.algorithm, needed);
      const fresh = made.slice(0, needed);
      const [first, second] = published(fresh);
      const ring = key.next ? key : { ...key, next: first };
      this.#keep(draft, fresh);
      const turned = rotate(ring, key.next ? first : second, this.#now(), verificationTtlSeconds);
      this.#put(draft, name, key, turned);
    });
  }

  #put(draft: OidcDraft, name: string, before: KeyRecord | undefined, { key, discarded }: RingChange): void {
    draft.put(`key/${name}`, key);
    for (const kid of discarded) draft.remove(privateKeyAt(kid));
    draft.moveDue('key', name, dueAt(before), dueAt(key));
  }

  #keep(draft: OidcDraft, made: readonly NewKey[]): void {
    for (const {
      published: { kid },
      privateText,
    } of made)
      draft.put(privateKeyAt(kid), privateText);
  }

  async #refuseShorter(namespace: Where, name: string, seconds: number): Promise<void> {
    const roles = await this.#store.all(namespace, 'role');
    if (roles.some(([, { key, ttlSeconds }]) => key === name && ttlSeconds > seconds))
      throw stillNeeded(name, 'roles with a token ttl', seconds);
    const clients = await this.#store.all(namespace, 'client');
    if (clients.some(([, { key, idTokenTtlSeconds }]) => key === name && idTokenTtlSeconds > seconds))
      throw stillNeeded(name, 'clients with an id_token_ttl', seconds);
  }

  /** The key object dies with the cached record. */
  async #privateKey(namespace: Where, kid: string): Promise<KeyObject | undefined> {
    const stored = await this.#store.records(namespace).get<string>(`${oidcPrefix}${privateKeyAt(kid)}`);
    // Rotated away since the key was read.
    if (!stored) return undefined;
    const kept = stored.memo as KeyObject | undefined;
    if (kept) return kept;
    const der = Buffer.from(stored.value, 'base64');
    const key = createPrivateKey({ key: der, type: 'pkcs8', format: 'der' });
    wipe(der);
    stored.memo = key;
    return key;
  }

  #now(): number {
    return this.#store.clock.now();
  }
}

async function twoKeys(algorithm: AlgorithmName, count: 1 | 2 = 2): Promise<NewKey[]> {
  return Promise.all(Array.from({ length: count }, () => generateKey(algorithm)));
}

function published(made: readonly NewKey[]) {
  const [first, second = first] = made;
  if (!first || !second) throw new Error('there is no new key');
  return [first.published, second.published] as const;
}

function firstKey(nowMs: number): KeyRecord {
  const day = 24 * 60 * 60;
  return {
    algorithm: 'RS256',
    rotationPeriodSeconds: day,
    verificationTtlSeconds: day,
    allowedClientIds: [],
    nextRotationMs: nowMs + day * 1000,
    retired: [],
  };
}

function changed(before: KeyRecord, wish: KeyWish): KeyRecord {
  const rotationPeriodSeconds = wish.rotation_period ?? before.rotationPeriodSeconds;
  const verificationTtlSeconds = wish.verification_ttl ?? before.verificationTtlSeconds;
  if (rotationPeriodSeconds < shortestRotationSeconds)
    throw invalidRequest('rotation_period must be at least one minute');
  if (verificationTtlSeconds > 10 * rotationPeriodSeconds)
    throw invalidRequest('verification_ttl cannot be longer than 10x rotation_period');
  const allowedClientIds = wish.allowed_client_ids ?? before.allowedClientIds;
  return { ...before, rotationPeriodSeconds, verificationTtlSeconds, allowedClientIds };
}

function algorithmOf(name: string): AlgorithmName {
  const found = algorithmNames.find((known) => known === name);
  if (!found) throw invalidRequest('algorithm: unknown signing algorithm');
  return found;
}

function namesOf(users: readonly (readonly [string, { readonly key: string }])[], key: string): string[] {
  return users.filter(([, user]) => user.key === key).map(([name]) => name);
}

function stillNeeded(name: string, who: string, seconds: number): CofferError {
  return invalidRequest(
    `unable to update key "${name}" because it is currently referenced by one or more ${who} greater than ${seconds} seconds`,
  );
}
