/**
 * The index of everything that ends: `due/<time>/<kind>/<namespace id>/<id>` in the root namespace, so that
 * what is due next is one range scan, whatever the number of leases. Entries are hints: whoever acts on one
 * reads the record itself first.
 */
export type DueKind = 'token' | 'lease';

const timeDigits = 12;

export function dueKey(timeMs: number, kind: DueKind, namespaceId: string, id: string): string {
  return `due/${timeMs.toString(16).padStart(timeDigits, '0')}/${kind}/${namespaceId}/${id}`;
}

/** Every key that is due at `nowMs` sorts before this. */
export function dueBefore(nowMs: number): string {
  return `due/${(nowMs + 1).toString(16).padStart(timeDigits, '0')}/`;
}

export function parseDueKey(
  key: string,
): { timeMs: number; kind: DueKind; namespaceId: string; id: string } | undefined {
  const found = /^due\/([0-9a-f]{12})\/(token|lease)\/([^/]+)\/(.+)$/.exec(key);
  return found
    ? {
        timeMs: Number.parseInt(found[1]!, 16),
        kind: found[2] as DueKind,
        namespaceId: found[3]!,
        id: found[4]!,
      }
    : undefined;
}
