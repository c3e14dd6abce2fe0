import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { Failure, reasonOf } from '../failure.ts';
import type { Peer } from './peer.ts';

/**
 * New passwords for users whose own cannot be read, each in a wrapping token that works once. The tokens go to a file that only its
 * owner may read (0600), one JSON object a line, on disk before the user is made: whatever ends the import, no user has a password that
 * nobody can get.
 */
export class OneTimePasswords {
  readonly file: string;
  readonly #ttl: string;
  #descriptor: number | undefined;
  #count = 0;

  constructor(file: string, ttl: string) {
    this.file = file;
    this.#ttl = ttl;
  }

  /** How many this run has made. */
  get count(): number {
    return this.#count;
  }

  async make(target: Peer, namespace: string, mount: string, username: string): Promise<string> {
    const password = randomBytes(24).toString('base64url');
    const token = await target.wrap(namespace, { username, password }, this.#ttl);
    const line = JSON.stringify({ namespace, mount, username, wrapping_token: token, ttl: this.#ttl });
    this.#descriptor ??= openPrivate(this.file);
    fs.writeSync(this.#descriptor, `${line}\n`);
    fs.fsyncSync(this.#descriptor);
    this.#count++;
    return password;
  }

  close(): void {
    if (this.#descriptor !== undefined) fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** To append to. One that is there must be a file of one's own that nobody else may read; a link is not followed. */
function openPrivate(file: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = fs.constants;
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (error) {
    throw new Failure(1, `cannot open ${file}: ${reasonOf(error)}`, 'Name another with -passwords.');
  }
  const { mode, uid } = fs.fstatSync(descriptor);
  const isOwn = process.getuid === undefined || uid === process.getuid();
  if (!isOwn || !fs.fstatSync(descriptor).isFile() || (mode & 0o077) !== 0) {
    fs.closeSync(descriptor);
    throw new Failure(
      1,
      `${file} can be read by others`,
      'Make it private (chmod 600), or name another with -passwords.',
    );
  }
  return descriptor;
}
