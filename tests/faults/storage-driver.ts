/**
 * A process that writes to the storage in the folder named first until it is killed, or as many rounds as the
 * second word says. It prints a line for everything it was told; what `storage-history.ts` expects afterwards
 * follows from those lines.
 */
import { writeSync } from 'node:fs';
import { silentLogger } from '../../server/contracts/logger.ts';
import { plugin } from '../../server/storage/sqlite/index.ts';

const [path = '', rounds] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);

const storage = await plugin.open(
  { path, exclusive: true },
  { logger: silentLogger, onFatal: (error) => say(`onFatal ${error.kind}`) },
);
const start = await storage.revision();
say('open');

async function write(writer: number, last: number): Promise<void> {
  const pair = (round: number) => [
    `pair/${writer}/${start}-${round}/left`,
    `pair/${writer}/${start}-${round}/right`,
  ];
  for (let round = 0; round < last; round++) {
    // Now and then more than the page cache takes, so that half of it is in the log before the commit.
    const value = Buffer.alloc(round % 20 === 10 ? 5_000_000 : 300, `${start}-${round}`);
    const put = pair(round).map((key) => [key, value] as const);
    try {
      await storage.commit({
        put: [[`newest/${writer}`, Buffer.from(`${start}-${round}`)], ...put],
        remove: pair(round - 3),
      });
      say(`acknowledged ${writer} ${start}-${round}`);
    } catch (error) {
      say(`refused ${error instanceof Error && 'kind' in error ? error.kind : error}`);
    }
  }
}

if (rounds === undefined)
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((writer) => write(writer, Number.MAX_VALUE)));
else await write(0, Number(rounds));
await storage.close();
say('closed');
