/**
 * A process that writes to the storage in the folder named first until it is killed, or as many rounds as the
 * second word says. It prints a line for everything it was told, which `checkHistory` holds against the storage.
 */
import { writeSync } from 'node:fs';
import { silentLogger } from '../../server/contracts/logger.ts';
import { plugin } from '../../server/storage/sqlite/index.ts';
import { changeOf } from './storage-history.ts';

const [path = '', rounds] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);

const storage = await plugin.open(
  { path, exclusive: true },
  { logger: silentLogger, onFatal: (error) => say(`onFatal ${error.kind}`) },
);
const start = await storage.revision();
say('open');

async function write(writer: number, last: number): Promise<void> {
  for (let round = 0; round < last; round++) {
    try {
      await storage.commit(changeOf(writer, start, round));
      say(`acknowledged ${writer} ${start}-${round}`);
    } catch (error) {
      say(`refused ${error instanceof Error && 'kind' in error ? error.kind : error}`);
    }
  }
}

if (rounds !== undefined) await write(0, Number(rounds));
else await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((writer) => write(writer, Number.MAX_VALUE)));
await storage.close();
say('closed');
