import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The program as its users run it, in a home of its own. */
export class Program {
  readonly home: string;
  readonly #launcher: readonly string[];
  readonly #running = new Set<ChildProcess>();

  /** `launcher` is the command line that stands for `coffer`. */
  constructor(
    launcher: readonly string[] = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      join(root, 'bin/coffer.ts'),
    ],
  ) {
    this.home = mkdtempSync(join(tmpdir(), 'coffer-home-'));
    this.#launcher = launcher;
  }

  get environment(): NodeJS.ProcessEnv {
    // What the tests' own processes compiled serves the program too.
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    return { PATH, HOME: this.home, LANG: 'C.UTF-8', ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}) };
  }

  /** Runs to the end; anything that takes longer than `limitMs` is killed. */
  async run(argv: readonly string[], more: NodeJS.ProcessEnv = {}, limitMs = 20_000): Promise<Ended> {
    const server = this.#spawn(argv, more);
    const timer = setTimeout(() => server.child.kill('SIGKILL'), limitMs);
    const ended = await server.ended;
    clearTimeout(timer);
    return ended;
  }

  /** Starts a server and waits until its standard output matches `ready`. */
  async start(argv: readonly string[], ready: RegExp, more: NodeJS.ProcessEnv = {}): Promise<Server> {
    const server = this.#spawn(argv, more);
    await server.sees(ready);
    return server;
  }

  async dispose(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }),
    );
    rmSync(this.home, { recursive: true, force: true });
  }

  #spawn(argv: readonly string[], more: NodeJS.ProcessEnv): Server {
    const [command = '', ...first] = this.#launcher;
    const child = spawn(command, [...first, ...argv], {
      env: { ...this.environment, ...more },
      cwd: this.home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return new Server(child);
  }
}

/** One running process. */
export class Server {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out = '';
  err = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (part: Buffer) => {
      this.out += part.toString();
    });
    child.stderr?.on('data', (part: Buffer) => {
      this.err += part.toString();
    });
    this.ended = once(child, 'close').then(() => ({ code: child.exitCode, out: this.out, err: this.err }));
  }

  /** The first match in what the process has printed; fails when it ends without. */
  async sees(pattern: RegExp, stream: 'out' | 'err' = 'out'): Promise<RegExpExecArray> {
    for (const deadline = Date.now() + 20_000; ; ) {
      const match = pattern.exec(this[stream]);
      if (match) return match;
      if (this.child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`no ${pattern} in:\n${this.out}\n${this.err}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The URL in the welcome text or the banner. */
  get address(): string {
    return /https?:\/\/[^\s',]+/.exec(this.out)?.[0] ?? '';
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** A port that nobody had a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
