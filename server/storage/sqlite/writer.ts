/**
 * The writer thread: the only connection that writes. Its entry data is the database's file name.
 */
import type { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { StorageError } from '../../contracts/storage.ts';
import { checkpointer } from './checkpoint.ts';
import { storageErrorOf } from './errors.ts';
import { GroupWriter, type Outcome } from './group-writer.ts';
import { plainOf, type WriterReply, type WriterRequest } from './messages.ts';
import { unpackChanges } from './packed-changes.ts';
import { connect } from './schema.ts';

if (parentPort === null || typeof workerData !== 'string') {
  throw new TypeError('writer.ts is started as a thread by committer.ts');
}
start(parentPort, workerData);

function start(port: MessagePort, file: string): void {
  const reply = (message: WriterReply, ...transfer: ArrayBuffer[]) => port.postMessage(message, transfer);
  try {
    const db = connect(file);
    serve(port, db, file, reply);
    reply('ready');
  } catch (error) {
    reply({ failure: plainOf(storageErrorOf(error, file, 'reading')) });
    port.close();
  }
}

type Reply = (message: WriterReply, ...transfer: ArrayBuffer[]) => void;

function serve(port: MessagePort, db: DatabaseSync, file: string, reply: Reply): void {
  const writer = new GroupWriter(db, file);
  const checkpoint = checkpointer(db);
  /** The first fatal failure, after which nothing is written any more, nor the log moved. */
  let fatal: StorageError | undefined;

  const apply = (packed: Exclude<WriterRequest, 'close'>['group']): Outcome[] => {
    if (fatal !== undefined) return Array<Outcome>(packed.count).fill(fatal);
    const outcomes = writer.apply(unpackChanges(packed));
    fatal = outcomes.filter((outcome) => outcome instanceof StorageError).find(isFatal);
    return outcomes;
  };

  port.on('message', (request: WriterRequest) => {
    if (request === 'close') {
      if (fatal === undefined) db.close();
      port.close();
      return;
    }
    const outcomes = apply(request.group);
    const spare = request.group.bytes;
    reply({ outcomes: outcomes.map(plainOf), spare }, spare);
    if (fatal !== undefined) return;
    try {
      checkpoint();
    } catch (error) {
      // No space, or locked: the log keeps everything, and the next group tries again.
      const failure = storageErrorOf(error, file, 'writing');
      if (!isFatal(failure)) return;
      fatal = failure;
      reply({ failure: plainOf(failure) });
    }
  });
}

function isFatal(error: StorageError): boolean {
  return error.kind === 'fatal';
}
