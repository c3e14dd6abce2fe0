import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AuditSinkContext } from '../../contracts/audit-device.ts';
import { systemClock } from '../../contracts/clock.ts';
import { silentLogger } from '../../contracts/logger.ts';
import { AppendedFile } from './appended-file.ts';
import { plugin } from './index.ts';

const root = resolve(import.meta.dirname, '../../..');
const line = '{"type":"request"}\n';
const bytes = (text: string) => Buffer.from(text);

function contextWith(change: Partial<AuditSinkContext> = {}): AuditSinkContext {
  return { logger: silentLogger, clock: systemClock, allowedFolders: [], ...change };
}

function inFolder(name: string, body: (folder: string) => Promise<void>): void {
  test(name, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coffer-audit-file-'));
    try {
      await body(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function refused(options: Record<string, string>, why: RegExp, context = contextWith()): Promise<void> {
  await assert.rejects(plugin.open(options, context), why);
}

async function recordIn(path: string, options: Record<string, string> = {}, text = line): Promise<void> {
  const sink = await plugin.open({ file_path: path, ...options }, contextWith());
  await sink.append(bytes(text));
  await sink.close();
}

inFolder('an audit file is made with mode 0600, in folders made with 0700', async (folder) => {
  const path = join(folder, 'a/b/audit.log');
  await recordIn(path);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
});

inFolder('mode sets the permissions of a file that exists, and 0000 leaves them', async (folder) => {
  const path = join(folder, 'audit.log');
  await writeFile(path, line);
  await chmod(path, 0o640);
  await recordIn(path, { mode: '0000' });
  assert.equal((await stat(path)).mode & 0o777, 0o640);
  await recordIn(path, { mode: '0644' });
  assert.equal((await stat(path)).mode & 0o777, 0o644);
  await recordIn(path);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  for (const mode of ['0755', '4600', '01', '8', 'rw', '-600']) {
    await refused({ file_path: path, mode }, /mode/);
  }
});

inFolder(
  'an audit file is not placed among programs, settings or keys unless the configuration says so',
  async (folder) => {
    const why = /where programs or settings are read from/;
    for (const path of [
      '/etc/cron.d/coffer-test',
      '/usr/lib/coffer-test.so',
      '/etc/coffer-test/a/b',
      join(folder, '.ssh/authorized_keys'),
    ])
      await refused({ file_path: path }, why);
    await symlink('/etc', join(folder, 'innocent'));
    await refused({ file_path: join(folder, 'innocent/coffer-test') }, why);
    assert.deepEqual(await readdir(folder), ['innocent']);
    const sink = await plugin.open(
      { file_path: join(folder, '.config/audit.log') },
      contextWith({ allowedFolders: [folder] }),
    );
    await sink.close();
  },
);

test('an audit file cannot be placed in a folder of the program, nor where the runtime lies', async () => {
  const inside = ['audit.log', 'server/audit-devices/file/audit.log', 'server/audit-devices/evil/index.ts'];
  const paths = [...inside.map((name) => join(root, name)), join(dirname(process.execPath), 'audit.log')];
  for (const path of paths) {
    await refused({ file_path: path }, /folder of the program/);
    await assert.rejects(stat(path), { code: 'ENOENT' });
  }
  await assert.rejects(stat(join(root, 'server/audit-devices/evil')), { code: 'ENOENT' });
  await refused({ file_path: 'server/../audit.log' }, /folder of the program/);
  await refused({ path: join(root, 'audit.log') }, /folder of the program/);
});

inFolder('no symbolic link leads an audit file into a folder of the program', async (folder) => {
  await symlink(root, join(folder, 'linked'));
  await symlink(join(root, 'server/planted.ts'), join(folder, 'dangling.log'));
  await symlink(join(root, 'package.json'), join(folder, 'existing.log'));
  const before = await readFile(join(root, 'package.json'), 'utf8');
  await refused({ file_path: join(folder, 'linked/audit.log') }, /folder of the program/);
  await refused({ file_path: join(folder, 'linked/new/audit.log') }, /folder of the program/);
  await refused({ file_path: join(folder, 'dangling.log') }, /ELOOP|symbolic/);
  await refused({ file_path: join(folder, 'existing.log') }, /folder of the program/);
  await assert.rejects(stat(join(root, 'server/planted.ts')), { code: 'ENOENT' });
  await assert.rejects(stat(join(root, 'new')), { code: 'ENOENT' });
  assert.equal(await readFile(join(root, 'package.json'), 'utf8'), before);
});

inFolder('a symbolic link to an allowed place is followed', async (folder) => {
  await mkdir(join(folder, 'logs'));
  await symlink(join(folder, 'logs'), join(folder, 'current'));
  await recordIn(join(folder, 'current/audit.log'));
  assert.equal(await readFile(join(folder, 'logs/audit.log'), 'utf8'), line);
});

inFolder(
  'configured folders bound where audit files may be, and forbidden ones always hold',
  async (folder) => {
    await mkdir(join(folder, 'logs'));
    await mkdir(join(folder, 'logs-else'));
    await symlink(join(folder, 'logs-else'), join(folder, 'logs/out'));
    const context = contextWith({
      allowedFolders: [join(folder, 'logs')],
      forbiddenFolders: [join(folder, 'logs/data')],
    });
    const sink = await plugin.open({ file_path: join(folder, 'logs/deep/audit.log') }, context);
    await sink.close();
    for (const path of ['audit.log', 'logs-else/audit.log', 'logs/../audit.log', 'logs/out/audit.log']) {
      await refused({ file_path: join(folder, path) }, /not below a folder/, context);
    }
    await refused({ file_path: `${folder}/logs/../audit.log` }, /not below a folder/, context);
    await refused(
      { file_path: join(folder, 'logs/data/audit.log') },
      /folder of the program or of its data/,
      context,
    );
  },
);

inFolder('nothing is appended to an executable file, or to a file that is no audit log', async (folder) => {
  const script = join(folder, 'run');
  await writeFile(script, line, { mode: 0o755 });
  await chmod(script, 0o755);
  await refused({ file_path: script }, /executable/);
  assert.equal((await stat(script)).mode & 0o777, 0o755);
  for (const content of ['export PATH=/bin\n', 'ssh-ed25519 AAAA me\n', 'SQLite format 3\0']) {
    const path = join(folder, 'precious');
    await writeFile(path, content);
    await refused({ file_path: path }, /no audit log/);
    assert.equal(await readFile(path, 'utf8'), content);
  }
  await mkdir(join(folder, 'folder'));
  await refused({ file_path: join(folder, 'folder') }, /EISDIR|folder/);
  await refused({ file_path: `${folder}/` }, /folder/);
  await refused({ file_path: '/dev/full' }, /neither a file nor a pipe/);
});

inFolder(
  'after a rotation, entries go to the new file once it is reopened, and the old one is let go',
  async (folder) => {
    const path = join(folder, 'audit.log');
    const sink = await plugin.open({ file_path: path }, contextWith());
    await sink.append(bytes(line));
    await rename(path, `${path}.1`);
    const openFiles = async (): Promise<string[]> => {
      const names = await readdir('/proc/self/fd');
      const targets = await Promise.all(
        names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
      );
      return targets.filter((target) => target.startsWith(folder));
    };
    await sink.append(bytes('{"n":2}\n'));
    await sink.reopen();
    await sink.append(bytes('{"n":3}\n'));
    assert.deepEqual(await openFiles(), [path]);
    await sink.close();
    assert.deepEqual(await openFiles(), []);
    assert.equal(await readFile(`${path}.1`, 'utf8'), `${line}{"n":2}\n`);
    assert.equal(await readFile(path, 'utf8'), '{"n":3}\n');
  },
);

inFolder('a line that a crash cut short does not swallow the next one', async (folder) => {
  const path = join(folder, 'audit.log');
  await writeFile(path, `${line}{"type":"requ`);
  await recordIn(path);
  assert.equal(await readFile(path, 'utf8'), `${line}{"type":"requ\n${line}`);
});

const limited = `
import { plugin } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
import { systemClock } from ${JSON.stringify(join(root, 'server/contracts/clock.ts'))};
import { silentLogger } from ${JSON.stringify(join(root, 'server/contracts/logger.ts'))};
import { truncateSync } from 'node:fs';
const path = process.argv[1];
const sink = await plugin.open({ file_path: path }, { logger: silentLogger, clock: systemClock, allowedFolders: [] });
const line = (name) => '{"type":"request","name":"' + name + '"}\\n';
await sink.append(Buffer.from(line('before')));
try {
  await sink.append(Buffer.from(line('one') + line('x'.repeat(4000))));
  console.log('recorded');
} catch (error) {
  console.log(error.code);
}
truncateSync(path, 1000);
await sink.append(Buffer.from(line('after')));
await sink.close();
`;

inFolder('a write that fails midway is an error, and the line after it stands alone', async (folder) => {
  const path = join(folder, 'audit.log');
  const script = join(folder, 'limited.mts');
  await writeFile(script, limited);
  // A limit on the size of files acts as a full disk does: part of the write, then an error.
  const shell = 'trap "" XFSZ; ulimit -f 4; exec "$0" --input-type=module -e "$(cat "$1")" "$2"';
  const { stdout } = await promisify(execFile)('sh', ['-c', shell, process.execPath, script, path]);
  assert.equal(stdout, 'EFBIG\n');
  const lines = (await readFile(path, 'utf8')).split('\n');
  assert.equal(lines.at(-1), '');
  assert.deepEqual(
    [0, 1, 3].map((index) => JSON.parse(lines[index] ?? '').name),
    ['before', 'one', 'after'],
  );
  assert.match(lines[2] ?? '', /^\{"type":"request","name":"x+$/);
});

test('a full device is an error, not a success', async () => {
  const file = new AppendedFile(await open('/dev/full', 'a'), undefined, systemClock);
  await assert.rejects(file.append(bytes(line)), { code: 'ENOSPC' });
  await file.close();
});

inFolder('a pipe whose reader is behind holds the write back, and loses nothing', async (folder) => {
  const path = join(folder, 'pipe');
  await promisify(execFile)('mkfifo', [path]);
  await refused({ file_path: path }, /ENXIO/);
  const reader = await open(path, 'r+');
  const sink = await plugin.open({ file_path: path }, contextWith());
  const large = `{"type":"request","x":"${'x'.repeat(1024 * 1024)}"}\n`;
  let written = false;
  const writing = sink.append(bytes(large)).then(() => {
    written = true;
  });
  await sleep(50);
  assert.equal(written, false);
  const cat = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let read = '';
  cat.stdout.on('data', (chunk: Buffer) => {
    read += chunk.toString();
  });
  await writing;
  await sink.close();
  await reader.close();
  await once(cat, 'close');
  assert.ok(read === large);
});

test('stdout writes to standard output, discard nowhere, in any case of letters', async () => {
  const script = `
    import { plugin } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    const context = { logger: console, clock: { now: Date.now, after: setTimeout }, allowedFolders: [] };
    for (const file_path of ['stdout', 'Discard', 'STDOUT']) {
      const sink = await plugin.open({ file_path }, context);
      await sink.append(Buffer.from(JSON.stringify({ file_path }) + '\\n'));
      await sink.reopen();
      await sink.append(Buffer.from('again\\n'));
      await sink.close();
    }
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.equal(output, '{"file_path":"stdout"}\nagain\n{"file_path":"STDOUT"}\nagain\n');
});
