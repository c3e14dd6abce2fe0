import type { StorageBackend } from '../contracts/storage.ts';

/** The smallest text that is greater, in code point order, than every text beginning with `prefix`; undefined when there is none. */
export function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue;
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
}

/** Few entries at first, as each may have 32 MiB; then as many as make a page of about this many bytes. */
const firstPage = 16;
const pageBytes = 4 * 1024 * 1024;

/** All entries whose key begins with `prefix` and is greater than `after`, in key order, in pages of bounded size. */
export async function* entriesBelow(
  storage: StorageBackend,
  prefix: string,
  after: string | undefined,
  maxPage: number,
): AsyncGenerator<[key: string, value: Uint8Array][]> {
  const end = endOfPrefix(prefix);
  if (end === undefined) throw new TypeError('a scan needs a prefix');
  let from = after !== undefined && !isBefore(after, prefix) ? `${after}\0` : prefix;
  let limit = Math.min(maxPage, firstPage);
  for (;;) {
    const entries = await storage.scan(from, end, limit);
    const last = entries.at(-1);
    if (last === undefined) return;
    yield entries;
    if (entries.length < limit) return;
    from = `${last[0]}\0`;
    const bytes = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
    limit = Math.min(maxPage, Math.max(1, Math.floor(pageBytes / (bytes / entries.length))));
  }
}

/**
 * Up to `limit` keys that begin with `prefix` and are greater than `after`, in key order, without reading values: a walk
 * over `list`, because a value may have 32 MiB.
 */
export async function walkKeys(
  storage: StorageBackend,
  prefix: string,
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const begins = prefix.slice(folder.length);
  const keys: string[] = [];
  if (after?.startsWith(prefix)) await walk(storage, folder, after.slice(folder.length), begins, limit, keys);
  else if (after === undefined || isBefore(after, prefix)) {
    await walk(storage, folder, justBefore(begins), begins, limit, keys);
  }
  return keys;
}

/** A text below every one that begins with `text`, and above all but few that are less. */
function justBefore(text: string): string | undefined {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const last = points.pop();
  if (last === undefined) return undefined;
  const before = last === 0xe000 ? 0xd7ff : last - 1;
  // A slash would send the walk into that folder.
  const end = before === slashPoint ? '.\u{10ffff}' : `${String.fromCodePoint(before)}\u{10ffff}`;
  return String.fromCodePoint(...points) + end;
}

const slashPoint = 0x2f;

function isBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

/** Names in `folder` that begin with `begins`; all of its folders' keys. */
async function walk(
  storage: StorageBackend,
  folder: string,
  after: string | undefined,
  begins: string,
  limit: number,
  found: string[],
): Promise<void> {
  let last = after;
  const slash = after?.indexOf('/') ?? -1;
  if (after !== undefined && slash !== -1) {
    // The walk stopped inside this folder.
    last = after.slice(0, slash + 1);
    await walk(storage, folder + last, after.slice(slash + 1), '', limit, found);
  }
  while (found.length < limit) {
    const page = Math.min(limit - found.length, 1000);
    const names = await storage.list(
      folder,
      last === undefined ? { limit: page } : { after: last, limit: page },
    );
    for (const name of names) {
      if (found.length >= limit) return;
      if (!name.startsWith(begins)) {
        if (isBefore(name, begins)) continue;
        return;
      }
      if (name.endsWith('/')) await walk(storage, folder + name, undefined, '', limit, found);
      else found.push(folder + name);
    }
    if (names.length < page) return;
    last = names.at(-1);
  }
}
