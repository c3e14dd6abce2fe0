import { generateKeyPair, hash, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { randomUUID } from '../../../crypto/random.ts';
import { wipe } from '../../../crypto/wipe.ts';
import type { AlgorithmName, PublicKey } from './oidc-records.ts';

interface Algorithm {
  /** For `at_hash` and `c_hash` (OpenID Connect Core 3.1.3.6). */
  readonly digest: 'sha256' | 'sha384' | 'sha512';
  readonly generate: () => Promise<{ readonly publicKey: KeyObject; readonly privateKey: KeyObject }>;
}

const pair = promisify(generateKeyPair);
const rsa = () => pair('rsa', { modulusLength: 2048 });
const ec = (namedCurve: string) => () => pair('ec', { namedCurve });

/** Everything about an algorithm (RFC 7518, RFC 8037) in one place. */
const algorithms: Readonly<Record<AlgorithmName, Algorithm>> = {
  RS256: { digest: 'sha256', generate: rsa },
  RS384: { digest: 'sha384', generate: rsa },
  RS512: { digest: 'sha512', generate: rsa },
  ES256: { digest: 'sha256', generate: ec('P-256') },
  ES384: { digest: 'sha384', generate: ec('P-384') },
  ES512: { digest: 'sha512', generate: ec('P-521') },
  EdDSA: { digest: 'sha512', generate: () => pair('ed25519') },
};

export interface NewKey {
  readonly published: PublicKey;
  /** PKCS #8, DER, base64: to be stored, encrypted, and nowhere else. */
  readonly privateText: string;
}

/** A key pair, made off the event loop. */
export async function generateKey(name: AlgorithmName): Promise<NewKey> {
  const { publicKey, privateKey } = await algorithms[name].generate();
  const kid = randomUUID();
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const privateText = der.toString('base64');
  wipe(der);
  const jwk = { use: 'sig', kid, alg: name, ...publicKey.export({ format: 'jwk' }) };
  return { published: { kid, jwk }, privateText };
}

/** The left half of the digest that goes with the algorithm, base64url. */
export function hashClaim(name: AlgorithmName, text: string): string {
  const digest = hash(algorithms[name].digest, text, 'buffer');
  return digest.subarray(0, digest.length / 2).toString('base64url');
}
