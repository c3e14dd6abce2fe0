import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SealError } from '../../contracts/seal.ts';
import { wipe } from '../../crypto/wipe.ts';
import { keyFingerprint, type WrappingKey } from '../wrapped-bytes.ts';

export interface StaticKeys {
  readonly current: WrappingKey;
  /** Opens what it wrapped, and wraps no more. */
  readonly previous: WrappingKey | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

export const keyVariable = 'COFFER_SECRET_ENCRYPTION_KEY';
export const previousKeyVariable = 'COFFER_SECRET_ENCRYPTION_KEY_PREVIOUS';

const known = ['disabled', 'key_file', 'current_key_id', 'current_key', 'previous_key_id', 'previous_key'];
const keyBytes = 32;
/** Far more than any spelling of a key, so that a wrong path to a huge file does no harm. */
const maxKeyFileBytes = 4096;

/**
 * The keys that the stanza or the environment names. Throws `SealError`: 'invalid' for a missing or malformed key
 * or setting, 'unavailable' for a file that cannot be read now. No error holds any of a key.
 */
export async function readStaticKeys(
  settings: Readonly<Record<string, unknown>>,
  environment: Environment,
): Promise<StaticKeys> {
  const text = (name: string): string | undefined => {
    const value = settings[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value === 'string') return value;
    throw invalid(`${name} of seal "static" is not a string`, 'Write it in quotes.');
  };
  const unknown = Object.keys(settings).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw invalid(`seal "static" has no setting ${unknown}`, `It has ${known.slice(1).join(', ')}.`);
  }
  const source = keySource(text('key_file'), text('current_key'), environment);
  const current = named(await readKey(source, environment), text('current_key_id'));
  const previousSource =
    text('previous_key') ?? (environment[previousKeyVariable] ? `env://${previousKeyVariable}` : undefined);
  const previous = previousSource
    ? named(await readKey(previousSource, environment), text('previous_key_id'))
    : undefined;
  if (previous?.id === current.id) {
    throw invalid(
      'the current and the previous key of seal "static" have the same id',
      'Give the new key a new id.',
    );
  }
  return { current, previous };
}

function keySource(
  keyFile: string | undefined,
  currentKey: string | undefined,
  environment: Environment,
): string {
  if (keyFile !== undefined && currentKey !== undefined) {
    throw invalid('seal "static" has both key_file and current_key', 'Keep one of them.');
  }
  const source = keyFile ?? currentKey;
  if (source !== undefined) return source;
  if (environment[keyVariable]) return `env://${keyVariable}`;
  throw invalid(
    'seal "static" has no key',
    `Set key_file, or current_key to "file:///…" or "env://NAME", or the variable ${keyVariable}.`,
  );
}

function named(key: KeyObject, id: string | undefined): WrappingKey {
  return { id: id ?? keyFingerprint(key), key };
}

async function readKey(source: string, environment: Environment): Promise<KeyObject> {
  const variable = /^env:\/\/(.*)$/s.exec(source)?.[1];
  if (variable !== undefined) {
    const value = environment[variable];
    if (value) return decodeKey(Buffer.from(value), `the variable ${variable}`);
    throw invalid(`the variable ${variable}, which holds the key of seal "static", is not set`, 'Set it.');
  }
  const path = source.startsWith('file://') ? fileURLToPath(source) : source;
  if (/^[0-9a-z+.-]+:\/\//i.test(path) || !path.includes('/')) {
    throw invalid(
      'the key of seal "static" is not a path, file:// or env://',
      'A key itself never stands in the configuration: put it in a file that only the server may read.',
    );
  }
  return readKeyFile(path);
}

async function readKeyFile(path: string): Promise<KeyObject> {
  let bytes: Buffer | undefined;
  try {
    const { size, mode } = await stat(path);
    if (size > maxKeyFileBytes) throw invalid(`the key file ${path} is too large to hold a key`, keyForms);
    // A group that may read is what Kubernetes makes of `fsGroup`.
    if ((mode & 0o037) !== 0) {
      throw invalid(`the key file ${path} is open to others`, `Run: chmod 600 ${path}`);
    }
    bytes = await readFile(path);
    return decodeKey(bytes, `the key file ${path}`);
  } catch (error) {
    if (error instanceof SealError) throw error;
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (reason === 'ENOENT') {
      throw invalid(
        `the key file ${path} is not there`,
        'Put it back: a store that was sealed with it cannot be opened without it. A new key does not help.',
      );
    }
    throw new SealError(
      'unavailable',
      `the key file ${path} cannot be read (${reason})`,
      'Check its owner and mode.',
    );
  } finally {
    wipe(bytes);
  }
}

const keyForms = 'A key is 32 bytes: raw, or as base64, or as 64 hex digits.';

/** Wipes nothing of `bytes`, everything of its own. */
function decodeKey(bytes: Buffer, where: string): KeyObject {
  const decoded = keyFromBytes(bytes);
  try {
    if (decoded.length !== keyBytes) throw invalid(`${where} does not hold a key of 32 bytes`, keyForms);
    if (decoded.every((byte) => byte === decoded[0])) {
      throw invalid(
        `${where} holds one byte repeated, not a key`,
        'Make one, for example: openssl rand -base64 32',
      );
    }
    return createSecretKey(decoded);
  } finally {
    wipe(decoded);
  }
}

function keyFromBytes(bytes: Buffer): Buffer {
  if (bytes.length === keyBytes) return Buffer.from(bytes);
  const text = bytes.toString('latin1').trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[0-9a-z+/_-]{43}=?$/i.test(text)) return Buffer.from(text, 'base64');
  return Buffer.alloc(0);
}

function invalid(message: string, hint: string): SealError {
  return new SealError('invalid', message, hint);
}
