/**
 * The index of everything that ends: `due/<time>/<kind>/<namespace id>/<id>` in the root namespace, so that
 * what is due next is one range scan, whatever the number of leases. Entries are hints: whoever acts on one
 * reads the record itself first.
 */
export type DueKind = 'token' | 'lease';

export interface DueEntry {
  readonly timeMs: number;
  readonly kind: DueKind;
  readonly namespaceId: string;
  readonly id: string;
}

export const duePrefix = 'due/';
/** Milliseconds in hexadecimal up to the year 10889. */
const timeDigits = 12;

export function dueKey(timeMs: number, kind: DueKind, namespaceId: string, id: string): string {
  return `${duePrefix}${digits(timeMs)}/${kind}/${namespaceId}/${id}`;
}

/** Every key that is due at `nowMs` sorts before this. */
export function dueBefore(nowMs: number): string {
  return `${duePrefix}${digits(nowMs + 1)}/`;
}

export function parseDueKey(key: string): DueEntry | undefined {
  const found = /^due\/([0-9a-f]{12})\/(token|lease)\/([^/]+)\/(.+)$/.exec(key);
  if (!found) return undefined;
  const [, time = '', kind, namespaceId = '', id = ''] = found;
  return { timeMs: Number.parseInt(time, 16), kind: kind === 'token' ? 'token' : 'lease', namespaceId, id };
}

function digits(timeMs: number): string {
  return Math.trunc(timeMs).toString(16).padStart(timeDigits, '0');
}
