import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Seal } from '../../contracts/seal.ts';
import type { StorageBackend } from '../../contracts/storage.ts';
import type { KeyBarrier } from './key-barrier.ts';

/** What the composition root gives to the lifecycle. */
export interface LifecycleParts {
  readonly storage: StorageBackend;
  readonly barrier: KeyBarrier;
  /** The seal of the configuration that is not disabled; `shamir` when it names none. */
  readonly seal: Seal;
  /** Seals to migrate away from: those with `disabled = "true"`, and `shamir`, which needs no settings. */
  readonly retiredSeals: readonly Seal[];
  readonly hooks: LifecycleHooks;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What status answers say of the program and its store. */
  readonly program: { readonly version: string; readonly buildDate: string; readonly storageType: string };
}

export interface LifecycleHooks {
  /** Makes a token with the policy `root`; with that id when one is given (dev mode). Called while unsealed. */
  createRootToken(id?: string): Promise<string>;
  /** The barrier is open: load mounts, start jobs. When it rejects, the server seals again. */
  onUnsealed(): Promise<void>;
  /**
   * The barrier is about to close; requests are refused already. Must not wait for the request that asked to
   * seal. Its failure is logged and does not keep the barrier open.
   */
  onSealing(): Promise<void>;
  /** Audit devices that cannot record now, for `sys/health`. */
  failingAuditDevices?(): readonly string[];
}
