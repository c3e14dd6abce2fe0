import type { Barrier } from '../../barrier/index.ts';

/** What the lifecycle needs of the barrier. Root keys are 32 bytes; the caller wipes its own copy. */
export type KeyBarrier = Pick<
  Barrier,
  | 'plain'
  | 'initialize'
  | 'unseal'
  | 'seal'
  | 'sealed'
  | 'rekeyRoot'
  | 'rotate'
  | 'keyStatus'
  | 'rotation'
  | 'setRotation'
  | 'persistCounts'
>;
