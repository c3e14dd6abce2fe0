import { ApiError } from '../../../sdk/api-error.ts';
import { isObject } from '../../../sdk/secret.ts';
import type { Clients } from '../../connection/connect.ts';
import { attempt, cleanPath, type Run } from '../../run.ts';

export interface KvTarget {
  /** With a `/` at its end; '' when an old server does not know. */
  readonly mount: string;
  /** Within the mount; '' for its root. */
  readonly name: string;
  readonly version: 1 | 2;
}

/** Asks the server which store `path` (or -mount) is of. A server that does not know the question has KV v1 only. */
export async function findTarget(run: Run, clients: Clients, path: string): Promise<KvTarget> {
  const mountFlag = run.flags.text('mount');
  const clean = cleanPath(path);
  const asked = mountFlag === undefined ? clean : cleanPath(mountFlag);
  const { mount, version } = await attempt('', () => lookUpMount(clients, asked));
  if (mountFlag !== undefined) return { mount: `${asked}/`, name: clean, version };
  return { mount, name: within(mount, clean), version };
}

async function lookUpMount(clients: Clients, path: string): Promise<{ mount: string; version: 1 | 2 }> {
  try {
    const { body } = await clients.asking.request('GET', `sys/internal/ui/mounts/${path}`);
    const data = isObject(body) && isObject(body['data']) ? body['data'] : {};
    const options = isObject(data['options']) ? data['options'] : {};
    const mount = typeof data['path'] === 'string' ? data['path'] : '';
    return { mount, version: options['version'] === '2' ? 2 : 1 };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { mount: '', version: 1 };
    throw error;
  }
}

function within(mount: string, path: string): string {
  if (`${path}/` === mount) return '';
  return path.startsWith(mount) ? path.slice(mount.length) : path;
}

/** The API's path: `secret/data/name` in a store with versions, `secret/name` in one without. */
export function apiPath(
  target: KvTarget,
  part: 'data' | 'metadata' | 'delete' | 'undelete' | 'destroy',
): string {
  const prefix = target.version === 2 ? `${target.mount}${part}/` : target.mount;
  return cleanPath(prefix + target.name);
}

/** `-versions=1,2 -versions=3` as a list. */
export function versionsOf(run: Run): string[] {
  return (run.flags.list('versions') ?? [])
    .flatMap((item) => item.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
