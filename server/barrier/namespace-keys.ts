import { createSecretKey, type KeyObject } from 'node:crypto';
import { deriveKey } from '../crypto/hkdf.ts';
import { randomBytes } from '../crypto/random.ts';
import { wipe } from '../crypto/wipe.ts';
import type { Keyring, Term } from './keyring.ts';
import { corrupt, openRecord, parseHeader, sealRecord } from './record-format.ts';

export const namespaceKeyPrefix = 'core/namespace-key/';
export const rootNamespaceId = 'root';

const secretBytes = 32;

export function namespaceKeyKey(namespaceId: string): string {
  return namespaceKeyPrefix + namespaceId;
}

/** Ids are a segment of storage keys, so they have no slash. */
export function checkNamespaceId(namespaceId: string): void {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(namespaceId)) {
    throw new TypeError('a namespace id is 1 to 128 letters, digits, hyphens and underscores');
  }
}

/** A fresh secret for a namespace, as it is stored. */
export function newNamespaceSecret(keyring: Keyring, namespaceId: string): Uint8Array {
  const secret = randomBytes(secretBytes);
  try {
    return wrap(keyring, namespaceId, secret);
  } finally {
    wipe(secret);
  }
}

/** The stored secret under the wrapping key of another keyring. */
export function rewrapNamespaceSecret(
  stored: Uint8Array,
  namespaceId: string,
  from: Keyring,
  to: Keyring,
): Uint8Array {
  const secret = unwrap(from, namespaceId, stored);
  try {
    return wrap(to, namespaceId, secret);
  } finally {
    wipe(secret);
  }
}

/** The id of the wrapping key that a stored secret needs. */
export function wrappingIdOf(stored: Uint8Array, namespaceId: string): number {
  const storageKey = namespaceKeyKey(namespaceId);
  const header = parseHeader(stored, storageKey);
  if (header.kind !== 'encrypted') throw corrupt(storageKey, 'a namespace secret in plaintext');
  return header.keyId;
}

/** The record keys of one namespace, derived when first needed. */
export class NamespaceKeys {
  readonly namespaceId: string;
  readonly #secret: KeyObject;
  readonly #byTerm = new Map<number, KeyObject>();

  constructor(keyring: Keyring, namespaceId: string, stored: Uint8Array) {
    const secret = unwrap(keyring, namespaceId, stored);
    this.namespaceId = namespaceId;
    this.#secret = createSecretKey(secret);
    wipe(secret);
  }

  /** HKDF(term key, namespace secret, "coffer record" | namespace | term): neither alone opens a record. */
  forTerm(term: Term): KeyObject {
    const known = this.#byTerm.get(term.id);
    if (known) return known;
    const salt = this.#secret.export();
    const key = deriveKey(term.key, salt, Buffer.from(`coffer record|${this.namespaceId}|${term.id}`));
    wipe(salt);
    this.#byTerm.set(term.id, key);
    return key;
  }
}

function wrap(keyring: Keyring, namespaceId: string, secret: Uint8Array): Uint8Array {
  const place = { namespaceId, storageKey: namespaceKeyKey(namespaceId) };
  return sealRecord(keyring.wrapping.key, keyring.wrapping.id, place, secret);
}

function unwrap(keyring: Keyring, namespaceId: string, stored: Uint8Array): Buffer {
  const storageKey = namespaceKeyKey(namespaceId);
  if (wrappingIdOf(stored, namespaceId) !== keyring.wrapping.id) {
    throw corrupt(storageKey, 'its wrapping key was destroyed');
  }
  const secret = openRecord(keyring.wrapping.key, { namespaceId, storageKey }, stored);
  if (secret.length !== secretBytes) throw corrupt(storageKey, 'malformed');
  return secret;
}
