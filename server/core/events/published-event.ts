import type { AuditMount } from '../audit/exchange.ts';

/** One event on its way to subscribers; shared by all of them, so never changed. */
export interface PublishedEvent {
  readonly id: string;
  readonly timeMs: number;
  /** `path` is empty for root, else ends in '/'. */
  readonly namespace: { readonly id: string; readonly path: string };
  readonly type: string;
  readonly plugin: EventPlugin | undefined;
  /** Paths in it are relative to the namespace. Vault's metadata are texts. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Relative to the namespace: what a subscriber must be allowed to subscribe to. Empty: root tokens only. */
  readonly accessPath: string;
}

export interface EventPlugin {
  readonly mountClass: AuditMount['class'];
  readonly mountAccessor: string;
  /** Ends in '/'. */
  readonly mountPath: string;
  readonly plugin: string;
  /** The version of a KV mount; else empty. */
  readonly version: string;
}
