import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

export interface Outcome {
  readonly code: number | null;
  readonly text: string;
}

/** Runs a program of another language to its end; `code` is null when it is not installed or was killed after `limitMs`. */
export async function runForeign(
  command: string,
  argv: readonly string[],
  options: SpawnOptions & { readonly limitMs?: number } = {},
): Promise<Outcome> {
  const { limitMs = 240_000, ...spawnOptions } = options;
  const child = spawn(command, [...argv], { ...spawnOptions, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout?.on('data', (part: Buffer) => {
    text += part.toString();
  });
  child.stderr?.on('data', (part: Buffer) => {
    text += part.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  try {
    const [code] = await once(child, 'close');
    return { code: typeof code === 'number' ? code : null, text };
  } catch (error) {
    return { code: null, text: `${text}${error instanceof Error ? error.message : 'could not be started'}` };
  } finally {
    clearTimeout(timer);
  }
}

/** Skips with the reason, except in CI, where what cannot run has failed. */
export function skipUnlessCi(context: TestContext, reason: string): void {
  if (process.env['CI']) throw new Error(reason);
  context.diagnostic(reason);
  context.skip(reason);
}
