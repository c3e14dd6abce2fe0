import type { PublishedEvent } from './published-event.ts';

const texts = new WeakMap<PublishedEvent, string>();

/**
 * A CloudEvent with the members that Vault's have: `type` is always `*`, the event's own type is `data.event_type`, and
 * `datacontentype` is spelt as there (the right spelling stands beside it). Made once, however many subscribe.
 */
export function cloudEvent(event: PublishedEvent, source: string): string {
  let text = texts.get(event);
  if (text === undefined) {
    text = JSON.stringify({
      id: event.id,
      source,
      specversion: '1.0',
      type: '*',
      data: dataOf(event),
      datacontentype: 'application/cloudevents',
      datacontenttype: 'application/json',
      time: new Date(event.timeMs).toISOString(),
    });
    texts.set(event, text);
  }
  return text;
}

function dataOf({ id, metadata, type, plugin, namespace }: PublishedEvent): object {
  return {
    event: { id, metadata },
    ...(namespace.path === '' ? {} : { namespace: namespace.path }),
    event_type: type,
    ...(plugin
      ? {
          plugin_info: {
            mount_class: plugin.mountClass,
            mount_accessor: plugin.mountAccessor,
            mount_path: plugin.mountPath,
            plugin: plugin.plugin,
            ...(plugin.version === '' ? {} : { version: plugin.version }),
          },
        }
      : {}),
  };
}

/** Vault's `logical.EventReceived` in protobuf's binary form, which subscribers get unless they ask for JSON. */
export function protobufEvent({ id, metadata, type, plugin, namespace }: PublishedEvent): Uint8Array {
  // google.protobuf.Struct: fields is a map of names to Values, whose texts are member 3.
  const struct = Object.entries(metadata).map(([name, value]) =>
    message(1, [text(1, name), message(2, [text(3, value, true)])]),
  );
  return Buffer.concat([
    message(1, [text(1, id), message(2, struct)]),
    text(2, namespace.path),
    text(3, type),
    ...(plugin
      ? [
          message(4, [
            text(1, plugin.mountClass),
            text(2, plugin.mountAccessor),
            text(3, plugin.mountPath),
            text(4, plugin.plugin),
            text(6, plugin.version),
          ]),
        ]
      : []),
  ]);
}

function message(member: number, parts: readonly Uint8Array[]): Uint8Array {
  return delimited(member, Buffer.concat(parts));
}

/** An empty text is left out, except where it is one of several kinds (a `oneof`). */
function text(member: number, value: string, isKind = false): Uint8Array {
  return value === '' && !isKind ? Buffer.alloc(0) : delimited(member, Buffer.from(value));
}

function delimited(member: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint((member << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Uint8Array.from([...bytes, rest]);
}
