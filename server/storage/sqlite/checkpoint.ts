import type { DatabaseSync } from 'node:sqlite';

/** About 16 MB of log at 4 KB a page: so much that moving it is rare, so little that it takes milliseconds. */
const usualPages = 4000;
/** At this length somebody's long read has kept the log from starting over; then we wait for a gap, briefly. */
const longPages = 64_000;
const gapMilliseconds = 100;

/**
 * Moves the log into the database file when it has grown. The writer calls it after a group was acknowledged;
 * the log starts over with the next group, unless another process is reading from it.
 */
export function checkpointer(db: DatabaseSync): () => void {
  const look = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  const move = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const { timeout = 0 } = db.prepare('PRAGMA busy_timeout').get() ?? {};
  return () => {
    const { log = 0, checkpointed = 0 } = look.get() ?? {};
    if (Number(log) - Number(checkpointed) <= usualPages) return;
    move.get();
    if (Number(log) <= longPages) return;
    db.exec(`PRAGMA busy_timeout = ${gapMilliseconds}`);
    truncate.get();
    db.exec(`PRAGMA busy_timeout = ${timeout}`);
  };
}
