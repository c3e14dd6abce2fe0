import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure, reasonOf } from '../../failure.ts';
import { MaskedStream } from './masked-stream.ts';

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;
const ending: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']);
/** Between asking a program to end and making it. */
const graceMs = 10_000;

/** A program under our care: it has our terminal, gets the signals that we get, and we end as it ends. */
export class ChildProgram {
  /** Its exit code, or 128 and the number of the signal that ended it. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  #signalled = false;

  private constructor(child: ChildProcess, program: string, outputs: readonly Promise<void>[]) {
    this.#child = child;
    const pass = (signal: NodeJS.Signals) => {
      if (ending.has(signal)) this.#signalled = true;
      child.kill(signal);
    };
    for (const signal of passedOn) process.on(signal, pass);
    this.ended = new Promise<number>((resolve, reject) => {
      child.once('error', (error) =>
        reject(
          new Failure(127, `cannot run ${program}: ${reasonOf(error)}`, 'Is it installed, and on the PATH?'),
        ),
      );
      child.once('close', (code, signal) => {
        const number = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
        Promise.allSettled(outputs).then(() => resolve(number));
      });
    }).finally(() => {
      for (const signal of passedOn) process.off(signal, pass);
    });
    // Whoever waits later hears of it all the same.
    this.ended.catch(() => undefined);
  }

  /** With `masked`, what it writes goes through us, and it sees no terminal there. */
  static start(
    program: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv,
    masked: Iterable<string> | undefined,
  ): ChildProgram {
    if (masked === undefined)
      return new ChildProgram(spawn(program, args, { env: environment, stdio: 'inherit' }), program, []);
    const values = [...masked];
    const child = spawn(program, args, { env: environment, stdio: ['inherit', 'pipe', 'pipe'] });
    const outputs = [mask(child.stdout, process.stdout, values), mask(child.stderr, process.stderr, values)];
    return new ChildProgram(child, program, outputs);
  }

  /** Somebody asked us to end, and so the program too. */
  get wasSignalled(): boolean {
    return this.#signalled;
  }

  /** Asks it to end, and makes it when it takes too long. */
  async stop(): Promise<number> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function mask(from: Readable, to: Writable, values: readonly string[]): Promise<void> {
  await pipeline(from, new MaskedStream(values), to, { end: false });
}
