import type { Barrier } from './barrier/index.ts';
import type { Operations } from './build-operations.ts';
import type { Clock } from './contracts/clock.ts';
import type { Logger } from './contracts/logger.ts';
import type { SecretsEngine } from './contracts/secrets-engine.ts';
import type { AuditDevices } from './core/audit/audit-devices.ts';
import type { OidcUpkeep } from './core/identity/oidc/index.ts';
import type { Expiry } from './core/leases/expiry.ts';
import type { Leases } from './core/leases/leases.ts';
import type { Mounts } from './core/mounts/mounts.ts';
import { type Namespace, type Namespaces, rootNamespace } from './core/namespaces/namespaces.ts';
import type { PolicyStore } from './core/policies/policy-store.ts';
import type { LiveStreams } from './core/streams/live-streams.ts';
import type { TokenAddress } from './core/tokens/token-entry.ts';
import type { TokenStore } from './core/tokens/token-store.ts';
import type { AuditDeviceConfiguration } from './start-up/configuration/configuration.ts';

/** The rooms of core that have something to do when the store opens, closes, or a namespace comes or goes. */
export interface LivingRooms {
  readonly barrier: Barrier;
  readonly namespaces: Namespaces;
  readonly mounts: Mounts;
  readonly policies: PolicyStore;
  readonly tokenStore: TokenStore;
  readonly leases: Leases;
  readonly expiry: Expiry;
  readonly identity: { readonly oidc: OidcUpkeep };
  readonly auditTable: AuditDevices;
  readonly operations: Operations;
  readonly streams: LiveStreams;
  readonly platform: { readonly workspaces: { sweep(): Promise<void> } };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isUnsealed: () => boolean;
}

const tidyEveryMs = 60_000;

/** What core does beside answering requests: opening and closing the store, upkeep, namespaces, ends of tokens. */
export class CoreLife {
  readonly #rooms: () => LivingRooms;
  #declaredDevices: readonly AuditDeviceConfiguration[];
  #cancelTidy: (() => void) | undefined;

  /** `rooms` is asked when something happens: the rooms know each other, so not all are there yet. */
  constructor(rooms: () => LivingRooms, declaredDevices: readonly AuditDeviceConfiguration[]) {
    this.#rooms = rooms;
    this.#declaredDevices = declaredDevices;
  }

  /** What a new store needs before its first request; safe to repeat. */
  async initialize(): Promise<void> {
    const { tokenStore, policies, mounts } = this.#rooms();
    await tokenStore.initialize();
    await tokenStore.load();
    await policies.initialize(rootNamespace.id);
    await mounts.createTable(rootNamespace);
  }

  async unsealed(): Promise<void> {
    const { operations, auditTable, expiry, identity } = this.#rooms();
    await this.initialize();
    await operations.unsealed();
    await auditTable.restore(this.#declaredDevices);
    expiry.start();
    identity.oidc.start();
    this.#scheduleTidy();
    void this.#resumeWork();
  }

  async sealing(): Promise<void> {
    const { expiry, identity, operations, mounts, auditTable, tokenStore } = this.#rooms();
    this.#cancelTidy?.();
    this.#rooms().streams.endAll();
    await Promise.all([expiry.stop(), identity.oidc.stop()]);
    operations.sealing();
    await mounts.unloadAll();
    await auditTable.close();
    tokenStore.forget();
  }

  async redeclare(devices: readonly AuditDeviceConfiguration[]): Promise<void> {
    this.#declaredDevices = devices;
    if (this.#rooms().isUnsealed()) await this.#rooms().auditTable.restore(devices);
  }

  async namespaceCreated(namespace: Namespace): Promise<void> {
    const { barrier, policies, mounts } = this.#rooms();
    await barrier.createNamespace(namespace.id);
    await policies.initialize(namespace.id);
    await mounts.createTable(namespace);
  }

  async namespaceRemoving(namespace: Namespace): Promise<void> {
    const { barrier, leases, mounts, operations } = this.#rooms();
    // Once the keys are gone nobody could take back any more what its leases stand for.
    await leases.revokePrefix(namespace, '');
    await mounts.unloadNamespace(namespace.id);
    await operations.quotas.removeBelow(namespace.path);
    await barrier.destroyNamespace(namespace.id);
    await barrier.purgeNamespace(namespace.id);
  }

  /** Engines drop what belonged to tokens that have ended. */
  async tokensEnded(ended: readonly TokenAddress[]): Promise<void> {
    const { namespaces, mounts } = this.#rooms();
    for (const { namespaceId, digest } of ended) {
      const namespace = await namespaces.byId(namespaceId);
      if (!namespace) continue;
      for (const mount of (await mounts.table(namespace)).mounts) {
        if (mount.entry.type !== 'cubbyhole') continue;
        await mount.load();
        await (mount.engine as SecretsEngine).tokenEnded?.(digest);
      }
    }
  }

  /** What a crash may have left half done; never in the way of the first request. */
  async #resumeWork(): Promise<void> {
    const { namespaces, mounts, tokenStore } = this.#rooms();
    try {
      await mounts.resumeRemovals(rootNamespace);
      await tokenStore.resume(rootNamespace.id);
      await mounts.wake();
      for await (const namespace of namespaces.below(rootNamespace)) {
        if (namespace.tainted) continue;
        await mounts.createTable(namespace);
        await mounts.resumeRemovals(namespace);
        await tokenStore.resume(namespace.id);
      }
      await mounts.wake();
      await mounts.migrations.resume();
      // Last, as it may wait for what leases stand for.
      await namespaces.resumeRemovals();
      await this.#rooms().platform.workspaces.sweep();
    } catch (error) {
      this.#warn('work that was interrupted could not be finished yet', error);
    }
  }

  #scheduleTidy(): void {
    this.#cancelTidy = this.#rooms().clock.after(tidyEveryMs, () => {
      void this.#tidy().finally(() => {
        if (this.#rooms().isUnsealed()) this.#scheduleTidy();
      });
    });
  }

  async #tidy(): Promise<void> {
    const { barrier, mounts } = this.#rooms();
    try {
      await barrier.rotateIfDue();
      if (await this.#hasRecordsOfOlderTerms()) await barrier.reencrypt();
      await mounts.wake();
      for (const mount of mounts.loaded()) await mount.engine?.tidy?.();
      await this.#rooms().platform.workspaces.sweep();
    } catch (error) {
      this.#warn('background upkeep failed; it is tried again', error);
    }
  }

  /** After a rotation, until the job has been through the store under the newest term. */
  async #hasRecordsOfOlderTerms(): Promise<boolean> {
    const { barrier } = this.#rooms();
    const { term } = barrier.keyStatus();
    const last = await barrier.reencryptProgress();
    return last ? last.term !== term || !last.finished : term > 1;
  }

  #warn(message: string, error: unknown): void {
    const { logger } = this.#rooms();
    if (!this.#rooms().isUnsealed()) return;
    logger.named('core').warn(message, { error: error instanceof Error ? error.message : 'unknown' });
  }
}
