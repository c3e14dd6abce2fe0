import type { LifecycleParts } from './parts.ts';
import { quorumOf } from './quorum-proof.ts';
import type { ReadyRecord } from './seal-record.ts';

/** What can be said to anybody about where the server stands. */
export interface SealStatus {
  readonly type: string;
  readonly initialised: boolean;
  readonly sealed: boolean;
  readonly threshold: number;
  readonly shares: number;
  readonly progress: number;
  readonly nonce: string;
  readonly recoverySeal: boolean;
  readonly migration: boolean;
  /** Only while unsealed. */
  readonly cluster: ReadyRecord['cluster'] | undefined;
}

/** The status that goes with `record`, which is undefined for a store that is not initialised. */
export function sealStatusOf(
  record: ReadyRecord | undefined,
  { seal, retiredSeals }: Pick<LifecycleParts, 'seal' | 'retiredSeals'>,
  now: { readonly unsealed: boolean; readonly progress: number; readonly nonce: string },
): SealStatus {
  const quorum = record && quorumOf(record);
  const type = record?.seal.type ?? seal.type;
  return {
    type,
    initialised: record !== undefined,
    sealed: !now.unsealed,
    threshold: quorum?.threshold ?? 0,
    shares: quorum?.shares ?? 0,
    progress: now.progress,
    nonce: now.nonce,
    recoverySeal: (record?.seal.mode ?? seal.mode) === 'auto',
    migration: !now.unsealed && type !== seal.type && retiredSeals.some((retired) => retired.type === type),
    cluster: now.unsealed ? record?.cluster : undefined,
  };
}
