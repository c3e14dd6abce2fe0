import { invalidRequest } from '../../contracts/errors.ts';

const maxKeyText = 128 * 1024;

/** What is wrong with `keys` (base64 of binary OpenPGP public keys, as Vault takes them), or undefined. */
export async function checkPgpKeys(keys: readonly string[]): Promise<string | undefined> {
  for (const key of keys) {
    try {
      await readPublicKey(key);
    } catch (error) {
      return error instanceof Error ? error.message : 'error parsing given PGP key';
    }
  }
  return undefined;
}

/** Encrypts each of `secrets` for the key at its place. Results are binary OpenPGP messages. */
export async function encryptWithPgp(
  secrets: readonly Uint8Array[],
  keys: readonly string[],
): Promise<{ bytes: Uint8Array[]; fingerprints: string[] }> {
  const openpgp = await import('openpgp');
  const bytes: Uint8Array[] = [];
  const fingerprints: string[] = [];
  for (const [index, secret] of secrets.entries()) {
    const key = await readPublicKey(keys[index] ?? '');
    const message = await openpgp.createMessage({ binary: Uint8Array.from(secret) });
    try {
      bytes.push(await openpgp.encrypt({ message, encryptionKeys: key, format: 'binary' }));
    } catch {
      throw invalidRequest('the given PGP key cannot encrypt', {
        hint: 'It may be expired, revoked, made for signing only, or too weak.',
      });
    }
    fingerprints.push(key.getFingerprint());
  }
  return { bytes, fingerprints };
}

/** Lower-case hex, or undefined for no keys. */
export async function pgpFingerprints(keys: readonly string[]): Promise<string[] | undefined> {
  if (keys.length === 0) return undefined;
  return Promise.all(keys.map(async (key) => (await readPublicKey(key)).getFingerprint()));
}

/** openpgp is loaded only here: hardly any process ever needs it. */
async function readPublicKey(base64: string) {
  const binary = base64.length > maxKeyText ? new Uint8Array(0) : Buffer.from(base64, 'base64');
  if (binary.length === 0 || !/^[0-9a-z+/\s]+={0,2}\s*$/i.test(base64)) {
    throw new Error('error decoding given PGP key: it is not base64');
  }
  const { readKey } = await import('openpgp');
  try {
    const key = await readKey({ binaryKey: Uint8Array.from(binary) });
    // Somebody's private key must not come here; if it does, only its public half is used.
    return key.toPublic();
  } catch {
    throw new Error('error parsing given PGP key: it is not an OpenPGP public key');
  }
}
