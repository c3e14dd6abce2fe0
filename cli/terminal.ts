// Not `import`: that reads every export, and so loads what node:fs loads lazily (3 ms of a command's 25).
const fs = process.getBuiltinModule('node:fs');

/** Where a command reads from and writes to. */
export interface Terminal {
  /** Standard output, for results. No newline is added. */
  out(text: string): void;
  /** Standard error, for messages. No newline is added. */
  err(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly inIsTerminal: boolean;
  /** All of standard input; the same text when asked twice. */
  readInput(): string;
  /** Asks on the terminal without showing what is typed. Only when `inIsTerminal`. */
  askHidden(prompt: string, stream: 'out' | 'err'): Promise<string>;
}

/** The process's own streams, written synchronously: starting up Node's stream objects costs more than the write. */
export function processTerminal(): Terminal {
  let input: string | undefined;
  const tty = process.getBuiltinModule('node:tty');
  const outIsTerminal = tty.isatty(1);
  return {
    out: (text) => writeAll(1, outIsTerminal ? withoutControls(text) : text),
    err: (text) => writeAll(2, text),
    outIsTerminal,
    errIsTerminal: tty.isatty(2),
    inIsTerminal: tty.isatty(0),
    readInput() {
      input ??= readAll();
      return input;
    },
    async askHidden(prompt, stream) {
      const { askHidden } = await import('./ask-hidden.ts');
      return askHidden(prompt, stream === 'out' ? process.stdout : process.stderr);
    },
  };
}

/** A stored value must not be able to move the cursor of whoever looks at it, or rewrite what stands above. */
export function withoutControls(text: string): string {
  return text.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function readAll(): string {
  const chunks: Buffer[] = [];
  const chunk = Buffer.alloc(65_536);
  for (;;) {
    try {
      const length = fs.readSync(0, chunk);
      if (length === 0) return Buffer.concat(chunks).toString('utf8');
      chunks.push(Buffer.from(chunk.subarray(0, length)));
    } catch (error) {
      if (!isBusy(error)) throw error;
      pause();
    }
  }
}

function writeAll(descriptor: number, text: string): void {
  let rest = Buffer.from(text, 'utf8');
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(descriptor, rest));
    } catch (error) {
      // The reader has gone (`coffer … | head -1`): nothing is left to say, and nobody to say it to.
      if (errorCode(error) === 'EPIPE') return;
      if (!isBusy(error)) throw error;
      pause();
    }
  }
}

/** Somebody set the shared descriptor to non-blocking, and it is not ready. */
function isBusy(error: unknown): boolean {
  return errorCode(error) === 'EAGAIN';
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
