import type { Quorum } from './seal-record.ts';
import type { IssuedShares } from './share-request.ts';

export interface RekeyStatus {
  readonly started: boolean;
  readonly nonce: string;
  readonly asked: Quorum;
  readonly progress: number;
  readonly required: number;
  readonly fingerprints: readonly string[] | undefined;
  readonly backup: boolean;
  readonly verificationRequired: boolean;
  readonly verificationNonce: string;
}

/** The new shares, once enough old ones were given. */
export interface RekeyResult {
  readonly nonce: string;
  readonly keys: IssuedShares;
  readonly backup: boolean;
  readonly verificationRequired: boolean;
  readonly verificationNonce: string;
}

export interface VerifyStatus {
  readonly nonce: string;
  readonly asked: Quorum;
  readonly progress: number;
}

export type RekeyProgress =
  | { readonly complete: false; readonly status: RekeyStatus }
  | { readonly complete: true; readonly result: RekeyResult };

export type VerifyProgress =
  | { readonly complete: false; readonly status: VerifyStatus }
  | { readonly complete: true; readonly nonce: string };
