import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { MountContext } from '../../contracts/secrets-engine.ts';
import { randomText } from '../../crypto/random.ts';
import type { CredentialType, DatabasePlugin, NewCredential } from './database-plugin.ts';
import { failed } from './failures.ts';

export interface CredentialSettings {
  readonly type: CredentialType;
  /** As it reads back; empty when there is nothing to say. */
  readonly config: JsonObject;
}

export interface Credential {
  /** What the database is given. */
  readonly forDatabase: NewCredential;
  /** What the caller is given beside the user's name. */
  readonly forCaller: JsonObject;
}

const types: readonly CredentialType[] = ['password', 'rsa_private_key', 'client_certificate'];
const keyBits = [2048, 3072, 4096];

/** Throws 'invalid-request', in Vault's words. `config` is what came, as text. */
export function readCredentialSettings(
  type: string,
  config: Readonly<Record<string, string>>,
): CredentialSettings {
  const known = types.find((one) => one === type);
  if (!known) throw invalidRequest(`invalid credential_type ${JSON.stringify(type.slice(0, 100))}`);
  if (known === 'password') {
    const policy = config['password_policy'] ?? '';
    return { type: known, config: policy === '' ? {} : { password_policy: policy } };
  }
  if (known === 'rsa_private_key') {
    const bits = config['key_bits'] === undefined ? 2048 : Number(config['key_bits']);
    const format = config['format'] ?? 'pkcs8';
    if (!keyBits.includes(bits)) throw invalidConfig('invalid key_bits');
    if (format !== 'pkcs8') throw invalidConfig('invalid format');
    return { type: known, config: { format, key_bits: bits } };
  }
  if (!['rsa', 'ec', 'ed25519'].includes(config['key_type'] ?? '')) throw invalidConfig('invalid key_type');
  if (!config['ca_cert']) throw invalidConfig('missing required ca_cert');
  throw invalidConfig('no database of this server takes client certificates');
}

function invalidConfig(reason: string): CofferError {
  return invalidRequest(`credential_config validation failed: ${reason}`);
}

const usualAlphabets = ['abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789', '-'];
const usualLength = 20;

/** Vault's own: 20 characters with at least one small, one large letter, one digit and one dash. */
export function usualPassword(): string {
  const alphabet = usualAlphabets.join('');
  for (;;) {
    const password = randomText(usualLength, alphabet);
    // Tools take what begins with a dash for a flag, and SQL two of them for a comment.
    if (password.startsWith('-') || password.includes('--')) continue;
    if (usualAlphabets.every((some) => [...password].some((character) => some.includes(character))))
      return password;
  }
}

export async function newPassword(context: MountContext, policy: string): Promise<string> {
  if (policy === '') return usualPassword();
  try {
    if (context.passwordFrom) return await context.passwordFrom(policy);
  } catch (error) {
    if (!(error instanceof CofferError) || error.code !== 'not-found') throw error;
  }
  throw failed('failed to generate password: no password policy found');
}

const makeKeyPair = promisify(generateKeyPair);

/** Throws 'invalid-request' for a type that the database does not have. */
export async function newCredential(
  context: MountContext,
  plugin: DatabasePlugin,
  settings: CredentialSettings,
  passwordPolicy: string,
): Promise<Credential> {
  const { type, config } = settings;
  if (!plugin.credentialTypes.includes(type))
    throw invalidRequest(`unsupported credential_type: ${JSON.stringify(type)}`);
  if (type === 'rsa_private_key') {
    const pair = await makeKeyPair('rsa', {
      modulusLength: Number(config['key_bits']),
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    return {
      forDatabase: { type, publicKey: pair.publicKey },
      forCaller: { rsa_private_key: pair.privateKey },
    };
  }
  const own = config['password_policy'];
  const password = await newPassword(context, typeof own === 'string' ? own : passwordPolicy);
  return { forDatabase: { type: 'password', password }, forCaller: { password } };
}
