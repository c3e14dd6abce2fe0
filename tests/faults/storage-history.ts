import { deepEqual, equal, ok } from 'node:assert/strict';
import { silentLogger } from '../../server/contracts/logger.ts';
import type { StorageBackend } from '../../server/contracts/storage.ts';
import { plugin } from '../../server/storage/sqlite/index.ts';

/**
 * Opens what `storage-driver.ts` left behind and holds it against the lines that it printed: per writer, the last
 * three rounds up to some round not before the last acknowledged one, each whole; then removes them.
 */
export async function checkHistory(path: string, lines: readonly string[]): Promise<void> {
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
    equal(all.length, new Set(all).size);
    await storage.commit({ remove: all });
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
  const [start = '', round = 0] = Buffer.from(newest!).toString().split('-');
  const [startAcknowledged = start, roundAcknowledged = 0] = acknowledged?.split('-') ?? [];
  equal(start, startAcknowledged);
  ok(
    Number(round) >= Number(roundAcknowledged),
    `${writer}: ${acknowledged} was acknowledged, ${round} is there`,
  );
  const expected = [2, 1, 0].map((back) => Number(round) - back).filter((each) => each >= 0);
  deepEqual(
    new Set(await storage.list(`pair/${writer}/`, { limit: 1000 })),
    new Set(expected.map((each) => `${start}-${each}/`)),
  );
  for (const each of expected) {
    const id = `${start}-${each}`;
    const [left, right] = await storage.read([`pair/${writer}/${id}/left`, `pair/${writer}/${id}/right`]);
    const whole = Buffer.alloc(each % 20 === 10 ? 5_000_000 : 300, id);
    ok(left && whole.equals(left) && right && whole.equals(right), `${writer}: half of ${id}`);
  }
}
