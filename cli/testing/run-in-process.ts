import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runCommandLine } from '../main.ts';

export interface Outcome {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Both streams and standard input are a terminal. */
  readonly onTerminal?: boolean;
  /** What is typed at a hidden prompt. */
  readonly typed?: string;
}

/** Runs a command as the program does, with streams that are remembered and a home folder of its own unless given. */
export async function runInProcess(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  let out = '';
  let err = '';
  const onTerminal = options.onTerminal ?? false;
  const home = options.environment?.['HOME'] ?? fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-home-'));
  const exitCode = await runCommandLine({
    argv,
    environment: { HOME: home, ...options.environment },
    terminal: {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      outIsTerminal: onTerminal,
      errIsTerminal: onTerminal,
      inIsTerminal: onTerminal,
      readInput: () => options.input ?? '',
      askHidden: async (prompt, stream) => {
        if (stream === 'out') out += prompt;
        else err += prompt;
        return options.typed ?? '';
      },
    },
    runServer: async (words) => {
      out += `server asked to run: ${words.join(' ')}\n`;
      return 0;
    },
  });
  if (options.environment?.['HOME'] === undefined) fs.rmSync(home, { recursive: true, force: true });
  return { exitCode, out, err };
}
