import { createSecretKey, type KeyObject } from 'node:crypto';
import { CofferError } from '../contracts/errors.ts';
import { equalBytes } from '../crypto/constant-time.ts';
import { deriveBytes } from '../crypto/hkdf.ts';
import { randomKey } from '../crypto/random.ts';
import { wipe } from '../crypto/wipe.ts';
import { corrupt, openRecord, parseHeader, sealRecord } from './record-format.ts';

export const keyringKey = 'core/keyring';

export interface Term {
  readonly id: number;
  readonly key: KeyObject;
  readonly createdMs: number;
  /** Encryptions counted so far by all processes; behind by at most what each has not yet written down. */
  readonly encryptions: number;
}

/** When the keyring rotates by itself, in Vault's words. */
export interface RotationConfig {
  readonly enabled: boolean;
  readonly maxOperations: number;
  /** 0: not by time. */
  readonly intervalMs: number;
}

/** Nine tenths of 2^32, as Vault's. */
export const defaultRotation: RotationConfig = { enabled: true, maxOperations: 3_865_470_566, intervalMs: 0 };

/** Immutable; a change makes another and writes it. */
export interface Keyring {
  /** Encrypts the namespaces' secrets; replaced whenever a namespace is destroyed. */
  readonly wrapping: { readonly id: number; readonly key: KeyObject };
  readonly rotation: RotationConfig;
  /** In the order of their ids, never empty; the last encrypts what is written now. */
  readonly terms: readonly Term[];
}

/** The root key does not open this store: it belongs to another one, or was replaced. */
export class WrongRootKey extends Error {
  readonly hint = 'Use the unseal keys or the key file that this store was initialised or last rekeyed with.';
  constructor() {
    super('the root key is not the one of this store');
    this.name = 'WrongRootKey';
  }
}

export function newKeyring(nowMs: number): Keyring {
  return {
    wrapping: { id: 1, key: randomKey() },
    rotation: defaultRotation,
    terms: [{ id: 1, key: randomKey(), createdMs: nowMs, encryptions: 0 }],
  };
}

export function newestTerm(keyring: Keyring): Term {
  const term = keyring.terms.at(-1);
  if (!term) throw new CofferError('internal', undefined, { detail: 'a keyring without terms' });
  return term;
}

export function withNewTerm(keyring: Keyring, nowMs: number): Keyring {
  const term = { id: newestTerm(keyring).id + 1, key: randomKey(), createdMs: nowMs, encryptions: 0 };
  return { ...keyring, terms: [...keyring.terms, term] };
}

export function withNewWrappingKey(keyring: Keyring): Keyring {
  return { ...keyring, wrapping: { id: keyring.wrapping.id + 1, key: randomKey() } };
}

const place = { namespaceId: '', storageKey: keyringKey };
const checkBytes = 16;
const nothing = new Uint8Array(0);

/**
 * check (16) | record. The check is derived from the root key and tells a wrong root key from an altered keyring;
 * it decides only which error is thrown.
 */
export function sealKeyring(keyring: Keyring, rootKey: KeyObject): Uint8Array {
  const plain = encode(keyring);
  try {
    return Buffer.concat([rootKeyCheck(rootKey), sealRecord(rootKey, 0, place, plain)]);
  } finally {
    wipe(plain);
  }
}

/** Throws `WrongRootKey`, or 'storage-corrupt' when the root key is right and the keyring is not. */
export function openKeyring(stored: Uint8Array, rootKey: KeyObject): Keyring {
  if (!equalBytes(stored.subarray(0, checkBytes), rootKeyCheck(rootKey))) throw new WrongRootKey();
  const record = stored.subarray(checkBytes);
  const header = parseHeader(record, keyringKey);
  if (header.kind !== 'encrypted' || header.keyId !== 0) throw corrupt(keyringKey, 'not a keyring');
  const plain = openRecord(rootKey, place, record);
  try {
    return decode(plain);
  } finally {
    wipe(plain);
  }
}

function rootKeyCheck(rootKey: KeyObject): Uint8Array {
  return deriveBytes(rootKey, nothing, Buffer.from('coffer root key check'), checkBytes);
}

const version = 1;
const headBytes = 1 + 4 + 32 + 1 + 8 + 8 + 4;
const termBytes = 4 + 8 + 8 + 32;

/** Bytes rather than JSON, so that no key ever is a string. */
function encode(keyring: Keyring): Buffer {
  const bytes = Buffer.alloc(headBytes + keyring.terms.length * termBytes);
  bytes.writeUInt8(version, 0);
  bytes.writeUInt32BE(keyring.wrapping.id, 1);
  writeKey(bytes, keyring.wrapping.key, 5);
  bytes.writeUInt8(keyring.rotation.enabled ? 1 : 0, 37);
  bytes.writeDoubleBE(keyring.rotation.maxOperations, 38);
  bytes.writeDoubleBE(keyring.rotation.intervalMs, 46);
  bytes.writeUInt32BE(keyring.terms.length, 54);
  let at = headBytes;
  for (const term of keyring.terms) {
    bytes.writeUInt32BE(term.id, at);
    bytes.writeDoubleBE(term.createdMs, at + 4);
    bytes.writeDoubleBE(term.encryptions, at + 12);
    writeKey(bytes, term.key, at + 20);
    at += termBytes;
  }
  return bytes;
}

function decode(bytes: Buffer): Keyring {
  if (bytes.length < headBytes || bytes[0] !== version) throw corrupt(keyringKey, 'of an unknown version');
  const count = bytes.readUInt32BE(54);
  if (count === 0 || bytes.length !== headBytes + count * termBytes) throw corrupt(keyringKey, 'malformed');
  const terms: Term[] = [];
  for (let at = headBytes; at < bytes.length; at += termBytes) {
    terms.push({
      id: bytes.readUInt32BE(at),
      createdMs: bytes.readDoubleBE(at + 4),
      encryptions: bytes.readDoubleBE(at + 12),
      key: createSecretKey(bytes.subarray(at + 20, at + 52)),
    });
  }
  return {
    wrapping: { id: bytes.readUInt32BE(1), key: createSecretKey(bytes.subarray(5, 37)) },
    rotation: {
      enabled: bytes.readUInt8(37) === 1,
      maxOperations: bytes.readDoubleBE(38),
      intervalMs: bytes.readDoubleBE(46),
    },
    terms,
  };
}

function writeKey(bytes: Buffer, key: KeyObject, at: number): void {
  const exported = key.export();
  bytes.set(exported, at);
  wipe(exported);
}
