/**
 * A process that writes one group of changes to the storage in the folder named first and kills itself before or
 * after the nth SQL statement of it: `before 3`. It prints 'done' when there are fewer.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { GroupWriter } from '../../server/storage/sqlite/group-writer.ts';
import { changeOf } from './storage-history.ts';

const [path = '', when = '', nth = ''] = process.argv.slice(2);
let steps = 0;

class SteppingDatabase extends DatabaseSync {
  override prepare(sql: string): StatementSync {
    return new Proxy(super.prepare(sql), {
      get: (statement, name) =>
        name === 'run' ? stepping(statement) : Reflect.get(statement, name).bind(statement),
    });
  }
}

function stepping(statement: StatementSync): StatementSync['run'] {
  return (...parameters: never[]) => {
    steps += 1;
    const last = steps === Number(nth);
    if (last && when === 'before') process.kill(process.pid, 'SIGKILL');
    const result = statement.run(...parameters);
    if (last && when === 'after') process.kill(process.pid, 'SIGKILL');
    return result;
  };
}

const file = join(path, 'coffer.db');
const db = new SteppingDatabase(file);
db.exec('PRAGMA synchronous = FULL; PRAGMA cache_size = -1000');
const start = Number(db.prepare('SELECT max(revision) AS newest FROM change').get()?.['newest'] ?? 0);
// The 17th round is larger than the cache.
const group = [15, 16, 17].map((round) => changeOf(0, start, round));
new GroupWriter(db, file).apply(group);
for (const round of [15, 16, 17]) writeSync(1, `acknowledged 0 ${start}-${round}\n`);
writeSync(1, 'done\n');
