import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Change, type Revision, StorageError } from '../../contracts/storage.ts';
import { outcomeOf, type WriterReply, type WriterRequest } from './messages.ts';
import { ChangePacker } from './packed-changes.ts';

/** A group is closed at this size, so that one block of memory and one transaction stay bounded. */
const maxGroupBytes = 64 * 1024 * 1024;

interface Waiting {
  resolve(revision: Revision): void;
  reject(error: Error): void;
}

interface Group {
  readonly packer: ChangePacker;
  readonly waiting: Waiting[];
}

/**
 * The event loop's side of the writer thread. Changes that arrive in one turn, or while a group is being
 * synced, form the next group; one group is under way at a time.
 */
export class Committer {
  readonly #worker: Worker;
  readonly #onFatal: (error: StorageError) => void;
  #queue: Group[] = [];
  #underWay: Group | undefined;
  #spare: ArrayBuffer | undefined;
  #scheduled = false;
  #fatal: StorageError | undefined;
  #idle: (() => void) | undefined;
  #closing = false;
  #exited = false;
  /** The newest revision acknowledged here; 0 before the first. */
  lastRevision: Revision = 0;

  private constructor(worker: Worker, onFatal: (error: StorageError) => void) {
    this.#worker = worker;
    this.#onFatal = onFatal;
  }

  /** Resolves when the writer thread has opened `file`. */
  static async start(file: string, onFatal: (error: StorageError) => void): Promise<Committer> {
    // TypeScript as it is, or the JavaScript made from it: the writer is named like this file.
    const entry = new URL(`./writer${extname(import.meta.url)}`, import.meta.url);
    // No environment: it may hold keys, and the thread would get a copy.
    const worker = new Worker(entry, { workerData: file, name: 'coffer storage', execArgv: [], env: {} });
    const committer = new Committer(worker, onFatal);
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (reply: WriterReply) => {
        worker.off('error', reject);
        if (reply === 'ready') resolve();
        else reject(failureOf(reply));
      });
    });
    worker.on('message', (reply: WriterReply) => committer.#receive(reply));
    worker.on('error', (error) => committer.#fail(writerGone(file, error)));
    worker.on('exit', () => committer.#ended(file));
    // A commit under way keeps the process alive; an open storage by itself does not.
    worker.unref();
    return committer;
  }

  commit(change: Change): Promise<Revision> {
    if (this.#fatal !== undefined) return Promise.reject(this.#fatal);
    const last = this.#queue.at(-1);
    const open = last !== undefined && last.packer.length <= maxGroupBytes;
    const group = open ? last : { packer: new ChangePacker(this.#takeSpare()), waiting: [] };
    group.packer.add(change);
    if (!open) this.#queue.push(group);
    const { waiting }: Group = group;
    const done = new Promise<Revision>((resolve, reject) => waiting.push({ resolve, reject }));
    if (this.#underWay === undefined && !this.#scheduled) {
      this.#scheduled = true;
      // At the end of the turn, so that what other connections ask in it goes along.
      setImmediate(() => this.#send());
    }
    return done;
  }

  /** Waits for every commit accepted so far, then ends the thread. To be called once. */
  async close(): Promise<void> {
    if (this.#queue.length > 0 || this.#underWay !== undefined) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.#closing = true;
    if (this.#exited) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.ref();
    this.#post('close');
    await exited;
  }

  #takeSpare(): ArrayBuffer | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  #send(): void {
    this.#scheduled = false;
    const group = this.#queue.shift();
    if (group === undefined) return;
    this.#underWay = group;
    this.#worker.ref();
    const packed = group.packer.finish();
    this.#post({ group: packed }, packed.bytes);
  }

  #post(request: WriterRequest, ...transfer: ArrayBuffer[]): void {
    this.#worker.postMessage(request, transfer);
  }

  #receive(reply: WriterReply): void {
    if (typeof reply === 'string') return;
    if ('failure' in reply) {
      this.#fail(failureOf(reply));
      return;
    }
    const group = this.#underWay;
    this.#underWay = undefined;
    this.#spare = reply.spare;
    this.#worker.unref();
    if (this.#queue.length > 0) this.#send();
    for (const [i, plain] of reply.outcomes.entries()) {
      const outcome = outcomeOf(plain);
      const waiting = group?.waiting[i];
      if (typeof outcome === 'number') {
        this.lastRevision = outcome;
        waiting?.resolve(outcome);
      } else {
        if (outcome instanceof StorageError && outcome.kind === 'fatal') this.#fail(outcome);
        waiting?.reject(outcome);
      }
    }
    this.#tellIdle();
  }

  /** Rejects what waits and all that follows, and reports the first such failure. */
  #fail(error: StorageError): void {
    const first = this.#fatal === undefined;
    this.#fatal ??= error;
    const abandoned = [...(this.#underWay === undefined ? [] : [this.#underWay]), ...this.#queue];
    this.#underWay = undefined;
    this.#queue = [];
    for (const { waiting } of abandoned) for (const { reject } of waiting) reject(error);
    if (first) this.#onFatal(error);
    this.#tellIdle();
  }

  #ended(file: string): void {
    this.#exited = true;
    if (!this.#closing) this.#fail(writerGone(file));
  }

  #tellIdle(): void {
    if (this.#queue.length === 0 && this.#underWay === undefined) this.#idle?.();
  }
}

function failureOf(reply: WriterReply): StorageError {
  const outcome = typeof reply === 'object' && 'failure' in reply ? outcomeOf(reply.failure) : undefined;
  if (outcome instanceof StorageError) return outcome;
  return new StorageError('fatal', 'storage: the writer thread gave no sense', 'Please report this.');
}

function writerGone(file: string, cause?: unknown): StorageError {
  return new StorageError(
    'fatal',
    `storage: the thread that writes ${file} ended`,
    'Start again: everything acknowledged is recovered from the log. If it comes back, report the log.',
    { cause },
  );
}
