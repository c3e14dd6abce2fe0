import { deepEqual, equal, ok } from 'node:assert/strict';
import { silentLogger } from '../../server/contracts/logger.ts';
import type { Change, StorageBackend } from '../../server/contracts/storage.ts';
import { plugin } from '../../server/storage/sqlite/index.ts';

/**
 * What a writer commits in its nth round since the storage was opened at revision `start`: a pair, its own newest
 * round, and away with the pair of three rounds before.
 */
export function changeOf(writer: number, start: number, round: number): Required<Change> {
  const pair = (of: number) => [`pair/${writer}/${start}-${of}/left`, `pair/${writer}/${start}-${of}/right`];
  const id = `${start}-${round}`;
  const [left, right] = pair(round).map((key) => [key, payloadOf(id)] as const);
  return {
    expect: [],
    put: [left!, [`newest/${writer}`, Buffer.from(id)], right!],
    remove: pair(round - 3),
  };
}

/** Now and then more than the page cache takes, so that half of it is in the log before the commit. */
function payloadOf(id: string): Buffer {
  return Buffer.alloc(id.endsWith('17') ? 5_000_000 : 300, id);
}

/**
 * Opens what a driver left behind and holds it against the lines that it printed: per writer, the last
 * three rounds up to some round not before the last acknowledged one, each whole; then removes them. Returns how many keys
 * there were.
 */
export async function checkHistory(path: string, lines: readonly string[]): Promise<number> {
  const storage = await plugin.open(
    { path, exclusive: true },
    { logger: silentLogger, onFatal: (error) => Promise.reject(error) },
  );
  try {
    const acknowledged = new Map<string, string>();
    for (const line of lines) {
      const [word, writer = '', id = ''] = line.split(' ');
      if (word === 'acknowledged') acknowledged.set(writer, id);
    }
    const writers = await storage.list('newest/', { limit: 100 });
    for (const writer of acknowledged.keys())
      ok(writers.includes(writer), `writer ${writer} lost everything`);
    for (const writer of writers) await checkWriter(storage, writer, acknowledged.get(writer));
    const all = (await storage.scan('', 'z', 1000)).map(([key]) => key);
    await storage.commit({ remove: all });
    return all.length;
  } finally {
    await storage.close();
  }
}

async function checkWriter(
  storage: StorageBackend,
  writer: string,
  acknowledged: string | undefined,
): Promise<void> {
  const [newest] = await storage.read([`newest/${writer}`]);
  const [start, round] = Buffer.from(newest!).toString().split('-').map(Number);
  const [startAcknowledged = start, roundAcknowledged = 0] = acknowledged?.split('-').map(Number) ?? [];
  equal(start, startAcknowledged);
  ok(round! >= roundAcknowledged, `${writer}: ${acknowledged} was acknowledged, ${round} is there`);
  const rounds = [round! - 2, round! - 1, round!].filter((each) => each >= 0);
  const pairs = await storage.list(`pair/${writer}/`, { limit: 1000 });
  deepEqual(new Set(pairs), new Set(rounds.map((each) => `${start}-${each}/`)));
  for (const each of rounds) {
    const { put } = changeOf(Number(writer), start!, each);
    const found = await storage.read(put.map(([key]) => key));
    for (const [i, [key, value]] of put.entries()) {
      if (key.startsWith('pair/'))
        ok(found[i] && Buffer.compare(found[i], value) === 0, `${key} is not whole`);
    }
  }
}
