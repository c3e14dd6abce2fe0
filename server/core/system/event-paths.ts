import { invalidRequest } from '../../contracts/errors.ts';
import {
  type Call,
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { StreamSink } from '../../contracts/streams.ts';
import type { EventBus } from '../events/event-bus.ts';
import { eventFilter } from '../events/event-filter.ts';
import type { PublishedEvent } from '../events/published-event.ts';
import { cloudEvent, protobufEvent } from '../events/render-event.ts';
import { Subscription } from '../events/subscription.ts';
import type { LiveStreams } from '../streams/live-streams.ts';

export interface EventPathsDependencies {
  readonly bus: EventBus;
  readonly streams: LiveStreams;
  /** Of every event: this cluster. */
  readonly source: () => Promise<string>;
}

const fields = {
  type: { type: 'string', description: 'Types of events; a glob such as `kv-v2/*`', required: true },
  json: {
    type: 'bool',
    query: true,
    default: false,
    description: 'CloudEvents in JSON instead of Vault’s protobuf messages',
  },
  filter: {
    type: 'string',
    query: true,
    default: '',
    description:
      'Only events that match: an expression over event_type, operation, source_plugin_mount, data_path, path, namespace',
  },
  namespaces: {
    type: 'string-list',
    query: true,
    default: [],
    description: 'More namespaces below that of the request, as globs',
  },
} as const satisfies FieldDeclarations;

/** `sys/events/subscribe`: what happens from now on, over a WebSocket. */
export function eventPaths(deps: EventPathsDependencies): PathDeclaration[] {
  return [
    definePath({
      pattern: 'events/subscribe/{type...}',
      fields,
      help: {
        synopsis: 'Events as they happen, over a WebSocket.',
        description:
          'Takes `read` on this path, and for each event `list` and `subscribe` on its data path with a matching subscribe_event_types. Ends with the token.',
      },
      operations: {
        read: {
          summary: 'Subscribe to events',
          handler: (call) => subscribed(deps, call),
        },
      },
    }),
  ];
}

async function subscribed(
  { bus, streams, source }: EventPathsDependencies,
  { fields: asked, origin, namespace, path }: Call<FieldValues<typeof fields>>,
): Promise<Reply> {
  if (!origin.isWebSocket)
    throw invalidRequest('this path is served over a WebSocket only', {
      hint: 'Use `coffer events subscribe`, or a WebSocket client with the token in X-Vault-Token.',
    });
  if (origin.wrapTtlSeconds) throw invalidRequest('a stream cannot be wrapped');
  const token = origin.token ?? '';
  const { type, namespaces, filter, json } = asked;
  const wants = eventFilter({ type: type.trim(), namespaces, filter, from: namespace.path });
  streams.checkRoom(token);
  const from = await source();
  const admission = {
    token,
    remoteAddress: origin.remoteAddress,
    request: { operation: 'read', namespace: namespace.path, path: `sys/${path}` },
  } as const;
  const start = (sink: StreamSink): (() => void) => {
    let stopListening = (): void => {};
    const stream = streams.open(sink, admission, () => stopListening());
    if (!stream) return () => {};
    const encode = json ? (event: PublishedEvent) => cloudEvent(event, from) : protobufEvent;
    const subscription = new Subscription({ stream, wants, encode });
    stopListening = bus.listen((event) => subscription.offer(event));
    return () => stream.gone();
  };
  return { stream: { kind: 'websocket', start } };
}
