import { invalidRequest } from '../../contracts/errors.ts';
import type { ReadyRecord } from './seal-record.ts';
import { checkShareRequest, type ShareRequest } from './share-request.ts';

/** unseal: the keys that unseal (with an auto seal: the root key alone). recovery: the recovery keys of an auto seal. */
export type RekeyTarget = 'unseal' | 'recovery';

export interface RekeyRequest extends ShareRequest {
  /** Keep the new shares, encrypted with PGP, in the store. */
  readonly backup: boolean;
  /** The new shares count only once enough of them were given back. */
  readonly requireVerification: boolean;
}

/** `request` as it will be carried out. Throws 'invalid-request' in Vault's words. */
export async function checkRekeyRequest(
  target: RekeyTarget,
  request: RekeyRequest,
  record: ReadyRecord,
): Promise<RekeyRequest> {
  const asked = target === 'unseal' && record.seal.mode === 'auto' ? rootKeyOnly(request) : request;
  if (asked.backup && asked.pgpKeys.length === 0) {
    throw invalidRequest('cannot request a backup of the new keys without providing PGP keys for encryption');
  }
  if (asked.pgpKeys.length > 0 && asked.pgpKeys.length !== asked.shares) {
    throw invalidRequest('incorrect number of PGP keys for rekey');
  }
  await checkShareRequest('invalid rekey seal configuration', asked);
  return asked;
}

/** With an auto seal nobody gets new unseal keys: there is one, and the seal holds it. */
function rootKeyOnly(request: RekeyRequest): RekeyRequest {
  const one = (count: number) => count === 0 || count === 1;
  if (!one(request.shares) || !one(request.threshold)) {
    throw invalidRequest(
      'invalid rekey seal configuration: shares and threshold must be 1 with an auto seal',
    );
  }
  if (request.pgpKeys.length > 0 || request.backup || request.requireVerification) {
    throw invalidRequest('an auto seal gives out no keys to encrypt, back up or verify');
  }
  return { ...request, shares: 1, threshold: 1 };
}
