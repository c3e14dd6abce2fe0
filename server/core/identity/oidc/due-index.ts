/**
 * The index of keys to rotate and codes to forget, of all namespaces: `oidc-due/<time>/<kind>/<namespace id>/<name>`
 * below `sys/` of the root namespace. Entries are hints: whoever acts on one reads the record first.
 */
export type DueKind = 'key' | 'code';

export interface DueEntry {
  readonly timeMs: number;
  readonly kind: DueKind;
  readonly namespaceId: string;
  readonly name: string;
}

export const duePrefix = 'oidc-due/';
/** Milliseconds in hexadecimal up to the year 10889. */
const timeDigits = 12;

export function dueKey(timeMs: number, kind: DueKind, namespaceId: string, name: string): string {
  return `${duePrefix}${digits(timeMs)}/${kind}/${namespaceId}/${name}`;
}

/** Every key that is due at `nowMs` sorts before this. */
export function dueBefore(nowMs: number): string {
  return `${duePrefix}${digits(nowMs + 1)}/`;
}

export function parseDueKey(key: string): DueEntry | undefined {
  const found = /^oidc-due\/([0-9a-f]{12})\/(key|code)\/([^/]+)\/([^/]+)$/.exec(key);
  if (!found) return undefined;
  const [, time = '', kind, namespaceId = '', name = ''] = found;
  return { timeMs: Number.parseInt(time, 16), kind: kind === 'key' ? 'key' : 'code', namespaceId, name };
}

function digits(timeMs: number): string {
  return Math.trunc(timeMs).toString(16).padStart(timeDigits, '0');
}
