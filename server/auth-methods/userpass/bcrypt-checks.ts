import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { BcryptHash } from './bcrypt.ts';
import type { BcryptAnswer, BcryptQuestion } from './bcrypt-thread.ts';

interface Asked {
  resolve(isRight: boolean): void;
  reject(error: unknown): void;
}

/** Checks bcrypt hashes in a thread of their own, started by the first and ended by `close`. */
export class BcryptChecks {
  readonly #asked: Map<number, Asked> = new Map();
  #worker: Worker | undefined;
  #lastId = 0;

  /** Throws when the thread ends before it has answered. */
  isRight(password: string, { text }: BcryptHash): Promise<boolean> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const question: BcryptQuestion = { id: ++this.#lastId, password, hash: text };
      this.#asked.set(question.id, { resolve, reject });
      worker.ref();
      worker.postMessage(question);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    // TypeScript as it is, or the JavaScript made from it: the thread's file is named like this one.
    const entry = new URL(`./bcrypt-thread${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(entry, { name: 'coffer bcrypt', execArgv: [], env: {} });
    worker.on('message', ({ id, isRight }: BcryptAnswer) => {
      this.#asked.get(id)?.resolve(isRight);
      this.#asked.delete(id);
      // Idle, it keeps no process alive.
      if (this.#asked.size === 0) worker.unref();
    });
    worker.on('error', (error) => this.#ended(worker, error));
    worker.on('exit', () => this.#ended(worker, new Error('the bcrypt thread has ended')));
    return worker;
  }

  #ended(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
  }
}
