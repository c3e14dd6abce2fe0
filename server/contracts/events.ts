/**
 * Something that has just become durable, for subscribers. Names and numbers only: whoever may subscribe to the path
 * reads all of it, and a secret value is never in it.
 */
export interface EngineEvent {
  /** Plug-in and operation: `kv-v2/data-write`. */
  readonly type: string;
  /** Relative to the mount. */
  readonly path: string;
  /** Where what was written can be read, relative to the mount; absent where nothing can be. */
  readonly dataPath?: string;
  /** More of what Vault's events of this type carry, such as `current_version`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** How a plug-in tells subscribers. */
export interface EventPublisher {
  /** False while nobody listens, so that what costs something to describe need not be. */
  readonly isHeard: boolean;
  /** Called after the commit has resolved. Never throws and never waits; costs next to nothing while nobody listens. */
  publish(event: EngineEvent): void;
}
