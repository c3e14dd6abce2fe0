import { randomUUID } from 'node:crypto';
import type { Clock } from '../../contracts/clock.ts';
import type { EngineEvent, EventPublisher } from '../../contracts/events.ts';
import type { MountInfo } from '../../contracts/secrets-engine.ts';
import type { IssuedToken } from '../../contracts/token-service.ts';
import type { LeaseEntry } from '../leases/lease-entry.ts';
import type { EventPlugin, PublishedEvent } from './published-event.ts';

/** Who is told. Called in the turn of the publisher, so it only keeps the event for later. */
export type EventListener = (event: PublishedEvent) => void;

type Where = PublishedEvent['namespace'];

/**
 * Hands events of this process to its subscribers, in the order in which they became durable. Nothing is kept for
 * those who come later, nothing is written, and no publisher waits.
 */
export class EventBus {
  readonly #clock: Clock;
  readonly #listeners = new Set<EventListener>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The result ends it. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** For the plug-in of one mount. */
  publisherOf(mount: MountInfo, mountClass: EventPlugin['mountClass']): EventPublisher {
    const listeners = this.#listeners;
    return {
      get isHeard() {
        return listeners.size > 0;
      },
      publish: (event) => {
        if (listeners.size === 0) return;
        this.#tell(mount.namespace, pluginOf(mount, mountClass), withMount(event, mount.path));
      },
    };
  }

  /** `path` is relative to the namespace. */
  login(namespace: Where, mount: MountInfo, path: string, issued: IssuedToken): void {
    if (this.#listeners.size === 0) return;
    const metadata = {
      entity_id: issued.entityId,
      policies: issued.policies.join(','),
      token_type: issued.tokenType,
      token_ttl: String(issued.leaseDurationSeconds),
    };
    this.#tell(namespace, pluginOf(mount, 'auth'), { type: 'auth/login', path, metadata });
  }

  /** `mount` is undefined when it has gone before its lease. */
  lease(
    operation: 'create' | 'renew' | 'revoke',
    namespace: Where,
    entry: LeaseEntry,
    mount: MountInfo | undefined,
  ): void {
    if (this.#listeners.size === 0) return;
    const path = entry.leaseId.slice(0, entry.leaseId.lastIndexOf('/'));
    const metadata = {
      lease_id: entry.leaseId,
      expire_time: new Date(entry.expiresMs).toISOString(),
      renewable: String(entry.renewable),
    };
    this.#tell(namespace, mount && pluginOf(mount, 'secret'), { type: `lease/${operation}`, path, metadata });
  }

  #tell({ id, path: namespacePath }: Where, plugin: EventPlugin | undefined, event: EngineEvent): void {
    const { type, path, dataPath, metadata } = event;
    const published: PublishedEvent = {
      id: randomUUID(),
      timeMs: this.#clock.now(),
      namespace: { id, path: namespacePath },
      type,
      plugin,
      metadata: {
        ...metadata,
        ...(dataPath === undefined ? {} : { data_path: dataPath }),
        modified: 'true',
        operation: type.slice(type.indexOf('/') + 1),
        path,
      },
      accessPath: dataPath ?? path,
    };
    for (const listener of this.#listeners) listener(published);
  }
}

function withMount(event: EngineEvent, mountPath: string): EngineEvent {
  const { dataPath } = event;
  return {
    ...event,
    path: mountPath + event.path,
    ...(dataPath === undefined ? {} : { dataPath: mountPath + dataPath }),
  };
}

function pluginOf(mount: MountInfo, mountClass: EventPlugin['mountClass']): EventPlugin {
  return {
    mountClass,
    mountAccessor: mount.accessor,
    mountPath: mount.path,
    plugin: mount.type,
    version: mount.options['version'] ?? '',
  };
}
