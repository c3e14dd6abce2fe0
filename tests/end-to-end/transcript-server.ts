import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Transcript } from './transcript-format.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface RunningServer {
  readonly address: string;
  stop(): Promise<void>;
}

/** A real `coffer server` on a free port of the loopback; `folder` takes its files. */
export async function startServer(kind: Transcript['server'], folder: string): Promise<RunningServer> {
  const port = await freePort();
  const listen = `127.0.0.1:${port}`;
  const child = spawn(
    process.execPath,
    [path.join(root, 'bin/coffer.ts'), 'server', ...flags(kind, listen, folder)],
    {
      env: { HOME: folder, PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-20_000);
    });
  const address = `http://${listen}`;
  await waitUntilItAnswers(address, child, () => log);
  return { address, stop: () => stop(child) };
}

function flags(kind: Transcript['server'], listen: string, folder: string): string[] {
  if (kind === 'dev')
    return ['-dev', '-dev-root-token-id=root', '-dev-no-store-token', `-dev-listen-address=${listen}`];
  const file = path.join(folder, 'server.hcl');
  fs.writeFileSync(
    file,
    `storage "inmem" {}\nlistener "tcp" {\n  address = "${listen}"\n  tls_disable = true\n}\napi_addr = "http://${listen}"\n`,
  );
  return [`-config=${file}`];
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

async function waitUntilItAnswers(address: string, child: ChildProcess, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${log()}`);
    try {
      await fetch(`${address}/v1/sys/seal-status`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  child.kill('SIGKILL');
  throw new Error(`the server does not answer:\n${log()}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(hard);
}
