import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

/** The thread that `BcryptChecks` starts. The library is loaded here and nowhere else. */
export interface BcryptQuestion {
  readonly id: number;
  readonly password: string;
  /** In the usual form, `$2b$…`. */
  readonly hash: string;
}

export interface BcryptAnswer {
  readonly id: number;
  readonly isRight: boolean;
}

parentPort?.on('message', ({ id, password, hash }: BcryptQuestion) => {
  const answer: BcryptAnswer = { id, isRight: compareSync(password, hash) };
  parentPort?.postMessage(answer);
});
