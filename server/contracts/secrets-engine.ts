import type { Clock } from './clock.ts';
import type { EventPublisher } from './events.ts';
import type { Logger } from './logger.ts';
import type { PathDeclaration } from './paths.ts';
import type { Records } from './records.ts';
import type { JsonObject, LeaseGrant } from './request.ts';

/** What every folder of `server/engines/` exports as `plugin`. */
export interface SecretsEnginePlugin {
  /** The folder's name and the word in `secrets enable TYPE`. */
  readonly type: string;
  readonly description: string;
  /** Other words for it in `secrets enable` (`kv-v2` is `kv` with `version=2`); the options each implies. */
  readonly aliases?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Made once per namespace and never by users (cubbyhole, identity, system). */
  readonly singleton?: boolean;
  /**
   * Has work to do that nobody asks for (rotation, what a crash left behind), so its mounts are opened after every
   * unseal and not on first use. `create` must not wait for anything outside.
   */
  readonly worksUnasked?: boolean;
  /** The engine's own version of its data shapes and behaviour, shown as `running_plugin_version`. */
  readonly version?: string;
  /** Throws `CofferError` 'invalid-request' when `mount.options` are wrong. Called at enable, and on first use after a start. */
  create(context: MountContext): Promise<SecretsEngine>;
  /**
   * Throws 'invalid-request' when options may not change from `before` to `after` (KV 2 → 1). Once changed
   * options are stored, core closes the engine and creates it anew, as its paths may depend on them.
   */
  checkOptions?(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): void;
}

export interface SecretsEngine {
  readonly paths: readonly PathDeclaration[];
  /** Extends a lease of this engine. Returns the new grant; throws to refuse. */
  renew?(lease: EngineLease): Promise<LeaseGrant>;
  /** Ends what a lease stands for. "Already gone" is success. Throws to be tried again later. */
  revoke?(lease: EngineLease): Promise<void>;
  /** A token has ended: drop what belonged to it (cubbyhole). */
  tokenEnded?(tokenHandle: string): Promise<void>;
  /** Short work to be done now and then (at most once a minute per mount); must be safe to repeat. */
  tidy?(): Promise<void>;
  /** Lets go of connections. The engine's records stay. */
  close?(): Promise<void>;
}

export interface EngineLease {
  readonly leaseId: string;
  readonly internal: JsonObject;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** Asked for by a renewal. */
  readonly incrementSeconds: number | undefined;
}

export interface MountContext {
  readonly mount: MountInfo;
  /** This mount's own records; removed with it. */
  readonly records: Records;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tells subscribers what has become durable. Not there in harnesses without subscribers: `context.events?.publish(…)`. */
  readonly events?: EventPublisher;
  /**
   * A new password by a password policy of the mount's namespace. Throws 'not-found' when there is no such policy.
   * Not there in harnesses that have no policies.
   */
  passwordFrom?(policy: string): Promise<string>;
}

/** Live: reads the values in force now. */
export interface MountInfo {
  /** As users write it, ending in '/'. */
  readonly path: string;
  readonly type: string;
  readonly accessor: string;
  readonly uuid: string;
  readonly options: Readonly<Record<string, string>>;
  readonly local: boolean;
  readonly namespace: { readonly id: string; readonly path: string };
  /** Lease times of this mount, with the system's where the mount sets none. Seconds. */
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
}
