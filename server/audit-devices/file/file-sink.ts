import { constants } from 'node:fs';
import { open as openFile, realpath, stat } from 'node:fs/promises';
import type { AuditSink, AuditSinkContext } from '../../contracts/audit-device.ts';
import { AppendedFile } from './appended-file.ts';
import { assertLooksLikeAuditLog, auditLocation, type LocationRules } from './audit-location.ts';

/** What Vault users write for the streams of the process, and their file descriptors. */
const streams: ReadonlyMap<string, number> = new Map([
  ['stdout', 1],
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);

interface FileSettings {
  readonly filePath: string;
  /** Undefined: leave the permissions of an existing file as they are. */
  readonly mode: number | undefined;
}

/** Opens the device that `options` describe; throws an `Error` for the operator when it cannot. */
export async function openFileSink(
  options: Readonly<Record<string, string>>,
  context: AuditSinkContext,
): Promise<AuditSink> {
  const settings = fileSettings(options);
  if (settings.filePath === 'discard') return new DiscardSink();
  const stream = streams.get(settings.filePath);
  if (stream !== undefined) {
    const file = new AppendedFile(stream, undefined, context.clock);
    return new FileSink(async () => file);
  }
  const rules = { allowedFolders: context.allowedFolders, forbiddenFolders: context.forbiddenFolders ?? [] };
  const sink = new FileSink(() => openLog(settings, rules, context));
  await sink.reopen();
  return sink;
}

function fileSettings(options: Readonly<Record<string, string>>): FileSettings {
  const given = options['file_path'] ?? options['path'];
  if (!given) throw new Error('file_path is required');
  const mode = options['mode'] ?? '0600';
  if (!/^[0-7]{1,6}$/.test(mode)) throw new Error('mode is not an octal number such as 0600');
  const bits = Number.parseInt(mode, 8);
  if ((bits & ~0o666) !== 0) throw new Error('mode of an audit file must not make it executable or special');
  const word = given.toLowerCase();
  return {
    filePath: word === 'stdout' || word === 'discard' ? word : given,
    mode: bits === 0 ? undefined : bits,
  };
}

async function openLog(
  settings: FileSettings,
  rules: LocationRules,
  context: AuditSinkContext,
): Promise<AppendedFile> {
  const { mode } = settings;
  const target = await auditLocation(settings.filePath, rules);
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  // Not blocking matters for a pipe only: without a reader, opening it would never end.
  const handle = await openFile(
    target,
    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
    mode ?? 0o600,
  );
  try {
    const facts = await handle.stat();
    const again = await stat(await realpath(target));
    if ((await realpath(target)) !== target || again.ino !== facts.ino || again.dev !== facts.dev) {
      throw new Error('file_path was moved while it was being opened');
    }
    if (facts.isFIFO() || target === '/dev/null') return new AppendedFile(handle, undefined, context.clock);
    if (!facts.isFile()) throw new Error('file_path is neither a file nor a pipe');
    if ((facts.mode & 0o111) !== 0) throw new Error('the file at file_path is executable; choose another');
    await assertLooksLikeAuditLog(target);
    if (mode !== undefined && (facts.mode & 0o777) !== mode) await handle.chmod(mode);
    return new AppendedFile(handle, target, context.clock);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** `file_path=discard`: records nothing and counts as recording, as in Vault. */
class DiscardSink implements AuditSink {
  async append(): Promise<void> {}
  async reopen(): Promise<void> {}
  async close(): Promise<void> {}
}

/** Appends to a file that can be swapped under it. Appends come one at a time. */
class FileSink implements AuditSink {
  readonly #open: () => Promise<AppendedFile>;
  #file: AppendedFile | undefined;
  #closed = false;

  constructor(open: () => Promise<AppendedFile>) {
    this.#open = open;
  }

  /** On an error other than a full disk, opens the path anew and tries once more, as Vault does. */
  async append(lines: Uint8Array): Promise<void> {
    this.#file ??= await this.#opened();
    const file = this.#file;
    try {
      await file.append(lines);
    } catch (error) {
      if (this.#closed || isFull(error)) throw error;
      if (this.#file === file) await this.reopen();
      await this.#file.append(lines.subarray(file.completedBytes));
    }
  }

  async reopen(): Promise<void> {
    const fresh = await this.#opened();
    const old = this.#file;
    this.#file = fresh;
    if (old !== fresh) await old?.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#file?.close();
  }

  async #opened(): Promise<AppendedFile> {
    if (this.#closed) throw new Error('the audit device is closed');
    return this.#open();
  }
}

function isFull(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG';
}
