import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MeasuredProcess } from './process.ts';

/** A Coffer of our own on SQLite, unsealed, with a file audit device; its folder is removed at the end. */
export class BenchServer {
  readonly folder: string;
  port = 0;
  token = '';
  process!: MeasuredProcess;

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'coffer-bench-'));
  }

  static async create(): Promise<BenchServer> {
    const server = new BenchServer();
    server.port = await freePort();
    const { folder, port } = server;
    writeFileSync(join(folder, 'key'), randomBytes(32).toString('base64'), { mode: 0o600 });
    writeFileSync(
      join(folder, 'coffer.hcl'),
      `storage "sqlite" { path = "${join(folder, 'data')}" }
seal "static" { key_file = "${join(folder, 'key')}" }
listener "tcp" { address = "127.0.0.1:${port}" tls_disable = true }
`,
    );
    await server.start();
    const made = await server.call<{ root_token: string }>('PUT', 'sys/init', {
      recovery_shares: 1,
      recovery_threshold: 1,
    });
    server.token = made.root_token;
    const audit = { type: 'file', options: { file_path: join(folder, 'audit.log') } };
    if (process.env['COFFER_BENCH_AUDIT'] !== 'none') await server.call('PUT', 'sys/audit/file', audit);
    await server.call('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } });
    return server;
  }

  /** Starts it again on the same store. Resolves with the milliseconds until `path` was answered. */
  async start(path = 'sys/health?uninitcode=200&sealedcode=200'): Promise<number> {
    const startedAt = performance.now();
    this.process = await MeasuredProcess.start(
      './coffer-process.ts',
      [join(this.folder, 'coffer.hcl'), String(this.port), process.env['COFFER_BENCH_FORM'] ?? 'built'],
      profiling(),
    );
    for (;;) {
      const answered = await this.call('GET', path).then(
        () => true,
        () => false,
      );
      if (answered) return performance.now() - startedAt;
      if (performance.now() - startedAt > 60_000) throw new Error('the server did not start');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': this.token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  /** The answer's body in base64, for the floor to give. */
  async bytesOf(path: string, method = 'GET', body?: unknown, headers: object = {}): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': this.token, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return Buffer.from(await answer.arrayBuffer()).toString('base64');
  }

  async remove(): Promise<void> {
    await this.process.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `COFFER_BENCH_PROFILE=folder` leaves a CPU profile of the server there. */
function profiling(): string[] {
  const folder = process.env['COFFER_BENCH_PROFILE'];
  return [
    '--disable-warning=ExperimentalWarning',
    ...(folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : []),
  ];
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
