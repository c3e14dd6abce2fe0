import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Usage {
  readonly cpuMicros: number;
  readonly residentBytes: number;
}

/** A program under measurement, in a process of its own that tells what it has used. */
export class MeasuredProcess {
  readonly port: number;
  readonly startedInMs: number;
  readonly facts: Readonly<Record<string, string>>;
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    port: number,
    startedInMs: number,
    facts: Readonly<Record<string, string>>,
  ) {
    this.#child = child;
    this.port = port;
    this.startedInMs = startedInMs;
    this.facts = facts;
  }

  /** `script` sends `{ ready: port, facts }` when it listens, and answers 'usage'. */
  static async start(
    script: string,
    args: readonly string[] = [],
    execArgv: readonly string[] = [],
  ): Promise<MeasuredProcess> {
    const startedAt = performance.now();
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), [...args], {
      execArgv: [...execArgv],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const { ready, facts } = await message<{ ready: number; facts?: Record<string, string> }>(child);
    return new MeasuredProcess(child, ready, performance.now() - startedAt, facts ?? {});
  }

  async usage(): Promise<Usage> {
    this.#child.send('usage');
    return message<Usage>(this.#child);
  }

  async ask<T>(question: string): Promise<T> {
    this.#child.send(question);
    return message<T>(this.#child);
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await exited;
  }

  async kill(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the measured process ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (value) => {
      child.off('exit', ended);
      resolve(value as T);
    });
  });
}

/** For the measured side: answers 'usage' for ever. */
export function reportUsage(): void {
  process.on('message', (question) => {
    if (question !== 'usage') return;
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicros: user + system, residentBytes: process.memoryUsage.rss() } satisfies Usage);
  });
}
