import { type Seal, SealError } from '../../contracts/seal.ts';
import type { LifecycleParts } from './parts.ts';
import type { ReadyRecord } from './seal-record.ts';

/** Which seal opens the store now, and whether it has to be replaced by the configured one. */
export type SealChoice =
  | { readonly kind: 'same'; readonly seal: Seal }
  | { readonly kind: 'migration'; readonly from: Seal; readonly to: Seal };

/** Throws `SealError` 'invalid' when the store is under a seal that the configuration does not have at all. */
export function chooseSeal(
  parts: Pick<LifecycleParts, 'seal' | 'retiredSeals'>,
  record: ReadyRecord,
): SealChoice {
  const { seal, retiredSeals } = parts;
  if (seal.type === record.seal.type) return { kind: 'same', seal };
  const from = retiredSeals.find((retired) => retired.type === record.seal.type);
  if (from) return { kind: 'migration', from, to: seal };
  throw new SealError(
    'invalid',
    `the store is sealed by "${record.seal.type}", and the configuration has only "${seal.type}"`,
    `Put the stanza seal "${record.seal.type}" back; to migrate away from it, add disabled = "true" to it.`,
  );
}
