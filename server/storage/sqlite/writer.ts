/**
 * The writer thread: the only connection that writes. Its entry data is the database's file name.
 */
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { StorageError } from '../../contracts/storage.ts';
import { checkpointer } from './checkpoint.ts';
import { storageErrorOf } from './errors.ts';
import { GroupWriter, type Outcome } from './group-writer.ts';
import { plainOf, type WriterReply, type WriterRequest } from './messages.ts';
import { unpackChanges } from './packed-changes.ts';
import { connect } from './schema.ts';

if (parentPort === null || typeof workerData !== 'string')
  throw new TypeError('writer.ts runs as a worker of sqlite');
serve(parentPort, workerData);

interface Port {
  postMessage(reply: WriterReply): void;
  on(event: 'message', listener: (request: WriterRequest) => void): unknown;
  close(): void;
}

function serve(port: Port, file: string): void {
  let db: DatabaseSync;
  try {
    db = connect(file);
  } catch (error) {
    port.postMessage({ failure: plainOf(storageErrorOf(error, file, 'reading')) });
    port.close();
    return;
  }
  const writer = new GroupWriter(db, file);
  const checkpoint = checkpointer(db);
  /** After the first fatal failure nothing is written any more, not even the log moved. */
  let fatal: StorageError | undefined;
  port.on('message', (request) => {
    if (request === 'close') {
      if (fatal === undefined) db.close();
      port.postMessage('closed');
      port.close();
      return;
    }
    const outcomes: Outcome[] = fatal
      ? Array.from({ length: request.group.count }, () => fatal!)
      : writer.apply(unpackChanges(request.group));
    port.postMessage({ outcomes: outcomes.map(plainOf) });
    for (const outcome of outcomes)
      if (outcome instanceof StorageError && outcome.kind === 'fatal') fatal = outcome;
    if (fatal !== undefined) return;
    try {
      checkpoint();
    } catch (error) {
      // No space, or locked: the log keeps everything, and the next group tries again.
      const failure = storageErrorOf(error, file, 'writing');
      if (failure.kind !== 'fatal') return;
      fatal = failure;
      port.postMessage({ failure: plainOf(failure) });
    }
  });
  port.postMessage('ready');
}
