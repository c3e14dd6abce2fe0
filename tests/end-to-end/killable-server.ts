import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type CallAnswer, type CallOptions, callServer } from '../start-server.ts';

export interface Keys {
  readonly rootToken: string;
  readonly unsealKey: string;
}

/** A server in a process of its own, so that it can be killed. */
export interface Killable extends Keys {
  call(method: string, path: string, options?: CallOptions): Promise<CallAnswer>;
  kill(): Promise<void>;
}

const starter = JSON.stringify(join(import.meta.dirname, '../start-server.ts'));

export async function startKillable(folder: string, reopen?: Keys): Promise<Killable> {
  const options = JSON.stringify({ storage: 'sqlite', folder, ...(reopen ? { reopen } : {}) });
  const script = `
    import { startTestServer } from ${starter};
    const { port, rootToken, unsealKey } = await startTestServer(${options});
    console.log(JSON.stringify({ port, rootToken, unsealKey }));
  `;
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', script];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { port, rootToken, unsealKey } = await firstLine(child);
  return {
    rootToken,
    unsealKey,
    call: (method, path, more = {}) => callServer(port, method, `/v1/${path}`, { token: rootToken, ...more }),
    async kill() {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<Keys & { port: number }> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  assert.notEqual(text, '', 'the server did not start');
  return JSON.parse(text);
}
