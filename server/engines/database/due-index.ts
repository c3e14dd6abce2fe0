import type { Records } from '../../contracts/records.ts';

/** What the engine has to do at a time without being asked. */
export type DueKind = 'made' | 'static' | 'root';

export interface DueEntry {
  readonly key: string;
  readonly kind: DueKind;
  readonly id: string;
}

const prefix = 'due/';
/** Milliseconds in hexadecimal up to the year 10889. */
const timeDigits = 12;

/** An index mark under a time. A hint only: who acts on it reads the record first. */
export function dueKey(timeMs: number, kind: DueKind, id: string): string {
  return `${prefix}${Math.max(0, Math.trunc(timeMs)).toString(16).padStart(timeDigits, '0')}/${kind}/${id}`;
}

/** Up to `limit` entries whose time has come, earliest first. */
export async function dueEntries(records: Records, nowMs: number, limit: number): Promise<DueEntry[]> {
  const keys = await records.scanKeys(prefix, { limit });
  const end = dueKey(nowMs + 1, 'made', '');
  return keys.filter((key) => key < end).flatMap((key) => parse(key) ?? []);
}

function parse(key: string): DueEntry | undefined {
  const found = /^due\/[0-9a-f]{12}\/(made|static|root)\/(.+)$/.exec(key);
  const kind = (['made', 'static', 'root'] as const).find((one) => one === found?.[1]);
  return kind && found ? { key, kind, id: found[2] ?? '' } : undefined;
}
