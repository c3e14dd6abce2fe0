import type { Barrier } from './barrier/index.ts';
import type { LogFeed } from './contracts/logger.ts';
import type { PathDeclaration } from './contracts/paths.ts';
import type { EventBus } from './core/events/event-bus.ts';
import type { Lifecycle } from './core/lifecycle/index.ts';
import { LiveStreams, type LiveStreamsDependencies } from './core/streams/live-streams.ts';
import { eventPaths } from './core/system/event-paths.ts';
import { monitorPaths } from './core/system/monitor-paths.ts';

export interface EventsParts extends Omit<LiveStreamsDependencies, 'isUnsealed' | 'freshen'> {
  readonly bus: EventBus;
  readonly barrier: Barrier;
  readonly lifecycle: () => Lifecycle;
  readonly logFeed?: LogFeed | undefined;
}

export interface Events {
  readonly streams: LiveStreams;
  readonly paths: () => PathDeclaration[];
}

/** Puts together what goes on after a request has been answered: events and the log, as they happen. */
export function buildEvents(parts: EventsParts): Events {
  const { bus, barrier, lifecycle, logFeed, tokenStore, access, clock } = parts;
  const streams = new LiveStreams({
    tokenStore,
    access,
    clock,
    isUnsealed: () => lifecycle().unsealed,
    freshen: () => barrier.freshen(),
  });
  const source = async () => `coffer://${(await lifecycle().status()).cluster?.id ?? ''}`;
  return {
    streams,
    paths: () => [
      ...eventPaths({ bus, streams, source }),
      ...(logFeed ? monitorPaths(logFeed, streams) : []),
    ],
  };
}
