import { parentPort } from 'node:worker_threads';
import { type BcryptHash, bcryptTag } from './bcrypt.ts';
import { fractionOfPi } from './blowfish-tables.ts';

/** The thread that `BcryptChecks` starts. */
export interface BcryptQuestion {
  readonly id: number;
  readonly password: string;
  readonly hash: Pick<BcryptHash, 'cost' | 'salt'>;
}

export interface BcryptAnswer {
  readonly id: number;
  readonly tag: Uint8Array;
}

const tables = fractionOfPi();

parentPort?.on('message', ({ id, password, hash }: BcryptQuestion) => {
  const answer: BcryptAnswer = { id, tag: bcryptTag(password, hash, tables) };
  parentPort?.postMessage(answer);
});
