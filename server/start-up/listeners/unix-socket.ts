import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import type { UnixListenerConfiguration } from '../configuration/configuration.ts';
import { ListenerError } from './listener-error.ts';

/**
 * Listens on a unix socket that nobody can open before it has its mode and owner. A socket that a crashed
 * server left behind is removed; one that answers, or anything else at the path, is an error.
 */
export async function listenOnSocket(
  server: Server,
  configuration: UnixListenerConfiguration,
): Promise<void> {
  const { path, mode } = configuration;
  await removeStale(path);
  const before = process.umask(0o777);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path }, () => {
        server.removeListener('error', reject);
        resolve();
      });
      // The socket exists when `listen` returns; other files must not be made with this mask.
      process.umask(before);
    });
  } finally {
    process.umask(before);
  }
  try {
    const user = idOf(configuration.user, '/etc/passwd', 'socket_user');
    const group = idOf(configuration.group, '/etc/group', 'socket_group');
    if (user !== undefined || group !== undefined) {
      chownSync(path, user ?? process.getuid?.() ?? -1, group ?? process.getgid?.() ?? -1);
    }
    chmodSync(path, mode);
  } catch (error) {
    server.close();
    if (error instanceof ListenerError) throw error;
    throw new ListenerError(
      `this user may not give ${path} its owner`,
      'Start as root, or leave socket_user and socket_group out.',
    );
  }
}

async function removeStale(path: string): Promise<void> {
  let isSocket: boolean;
  try {
    isSocket = lstatSync(path).isSocket();
  } catch {
    return;
  }
  if (!isSocket)
    throw new ListenerError(`${path} exists and is no socket`, 'Remove it, or choose another path.');
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (isAlive)
    throw new ListenerError(
      `${path} is taken by another program`,
      'Stop that program, or choose another path.',
    );
  unlinkSync(path);
}

/** A number, or the number of a name in the system's own files. */
function idOf(name: string | undefined, file: string, key: string): number | undefined {
  if (name === undefined || name === '') return undefined;
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`${name}:`));
  const id = line?.split(':')[2];
  if (id === undefined)
    throw new ListenerError(
      `${key} is not known on this machine`,
      'Write a name of this machine or a number.',
    );
  return Number(id);
}
