import { invalidRequest } from '../../contracts/errors.ts';
import { checkPgpKeys, encryptWithPgp } from './pgp.ts';
import type { Quorum } from './seal-record.ts';

/** New shares as somebody asks for them. */
export interface ShareRequest extends Quorum {
  /** Base64 of one public key for each share; empty for shares in clear. */
  readonly pgpKeys: readonly string[];
}

/** Throws 'invalid-request' beginning with `subject`, in Vault's words. */
export async function checkShareRequest(subject: string, request: ShareRequest): Promise<void> {
  const problem = quorumProblem(request) ?? (await pgpProblem(request));
  if (problem !== undefined) throw invalidRequest(`${subject}: ${problem}`);
}

function quorumProblem({ shares, threshold }: Quorum): string | undefined {
  if (!(shares >= 1)) return 'shares must be at least one';
  if (!(threshold >= 1)) return 'threshold must be at least one';
  if (shares > 1 && threshold === 1) return 'threshold must be greater than one for multiple shares';
  if (shares > 255) return 'shares must be less than 256';
  if (threshold > 255) return 'threshold must be less than 256';
  if (threshold > shares) return 'threshold cannot be larger than shares';
  return undefined;
}

async function pgpProblem({ pgpKeys, shares }: ShareRequest): Promise<string | undefined> {
  if (pgpKeys.length === 0) return undefined;
  if (pgpKeys.length !== shares)
    return 'count mismatch between number of provided PGP keys and number of shares';
  return checkPgpKeys(pgpKeys);
}

/** Shares as they are handed out: `bytes` are the share, or a PGP message with its hex digits. */
export interface IssuedShares {
  readonly bytes: readonly Uint8Array[];
  /** One for each share, or undefined for shares in clear. */
  readonly fingerprints: readonly string[] | undefined;
}

/** Encrypts `shares` when PGP keys were given. The caller wipes `shares`, unless they are handed out themselves. */
export async function issueShares(
  shares: readonly Uint8Array[],
  pgpKeys: readonly string[],
): Promise<IssuedShares> {
  if (pgpKeys.length === 0) return { bytes: shares, fingerprints: undefined };
  const texts = shares.map((share) => Buffer.from(Buffer.from(share).toString('hex')));
  return encryptWithPgp(texts, pgpKeys);
}

export function hexOf(shares: readonly Uint8Array[]): string[] {
  return shares.map((share) => Buffer.from(share).toString('hex'));
}

export function base64Of(shares: readonly Uint8Array[]): string[] {
  return shares.map((share) => Buffer.from(share).toString('base64'));
}
