import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { equalBytes } from '../../crypto/constant-time.ts';
import type { BcryptHash } from './bcrypt.ts';
import type { BcryptAnswer, BcryptQuestion } from './bcrypt-thread.ts';

interface Asked {
  resolve(tag: Uint8Array): void;
  reject(error: unknown): void;
}

/** Checks bcrypt hashes in a thread of their own, started by the first and ended by `close`. */
export class BcryptChecks {
  readonly #asked: Map<number, Asked> = new Map();
  #worker: Worker | undefined;
  #lastId = 0;

  async isRight(password: string, hash: BcryptHash): Promise<boolean> {
    const { cost, salt } = hash;
    return equalBytes(await this.#ask(password, { cost, salt }), hash.tag);
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(password: string, hash: BcryptQuestion['hash']): Promise<Uint8Array> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const question: BcryptQuestion = { id: ++this.#lastId, password, hash };
      this.#asked.set(question.id, { resolve, reject });
      worker.ref();
      worker.postMessage(question);
    });
  }

  #start(): Worker {
    // TypeScript as it is, or the JavaScript made from it: the thread's file is named like this one.
    const entry = new URL(`./bcrypt-thread${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(entry, { name: 'coffer bcrypt', execArgv: [], env: {} });
    worker.on('message', ({ id, tag }: BcryptAnswer) => {
      this.#asked.get(id)?.resolve(tag);
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
