import type { CofferClient } from '../../../sdk/client.ts';
import { isObject } from '../../../sdk/secret.ts';
import type { Flags } from '../../arguments/parse-flags.ts';
import { cleanPath } from '../../run.ts';

export interface Asked {
  /** Positional words that are complete. */
  readonly words: readonly string[];
  readonly partial: string;
  readonly flags: Flags;
  readonly client: CofferClient;
}

type Source = (asked: Asked) => Promise<readonly string[]>;

/** What could stand next in a command's words, as far as the server knows; [] for a command that takes no such words. */
export async function namesFor(command: string, asked: Asked): Promise<readonly string[]> {
  const source = Object.hasOwn(sources, command) ? sources[command] : undefined;
  return (await source?.(asked)) ?? [];
}

/** The folder of what is being typed: up to the last slash. */
function folderOf(partial: string): string {
  return partial.slice(0, partial.lastIndexOf('/') + 1);
}

async function keysOf(client: CofferClient, path: string): Promise<string[]> {
  const keys = (await client.list(path))?.data?.['keys'];
  return Array.isArray(keys) ? keys.map(String) : [];
}

/** Mounts that the token can see: path and what it is. */
async function mountsOf(
  client: CofferClient,
  kind: 'secret' | 'auth',
): Promise<readonly (readonly [string, unknown])[]> {
  const { body } = await client.request('GET', 'sys/internal/ui/mounts');
  const data = isObject(body) && isObject(body['data']) ? body['data'][kind] : undefined;
  return isObject(data) ? Object.entries(data) : [];
}

const first =
  (source: Source): Source =>
  async (asked) =>
    asked.words.length === 0 ? source(asked) : [];

const anyPath = first(async ({ partial, client }) => {
  const folder = folderOf(partial);
  if (folder === '') {
    const mounts = await mountsOf(client, 'secret');
    return [...mounts.map(([path]) => path), 'auth/', 'sys/', 'identity/', 'cubbyhole/'];
  }
  if (folder === 'auth/') return (await mountsOf(client, 'auth')).map(([path]) => `auth/${path}`);
  return (await keysOf(client, cleanPath(folder))).map((name) => folder + name);
});

const kvPath = first(async ({ partial, client, flags }) => {
  const mount = flags.has('mount') ? flags.text('mount') : undefined;
  const folder = folderOf(partial);
  const mounts = await mountsOf(client, 'secret');
  const stores = mounts.filter(([, about]) => isObject(about) && about['type'] === 'kv');
  if (mount === undefined && folder === '') return stores.map(([path]) => path);
  const whole = mount === undefined ? folder : `${cleanPath(mount)}/${folder}`;
  const [path = '', about] = stores.find(([one]) => whole.startsWith(one)) ?? [];
  if (path === '') return [];
  const options = isObject(about) && isObject(about['options']) ? about['options'] : {};
  const below = whole.slice(path.length);
  const listed = options['version'] === '2' ? `${path}metadata/${below}` : whole;
  return (await keysOf(client, cleanPath(listed))).map((name) => folder + name);
});

const mount = (kind: 'secret' | 'auth'): Source =>
  first(async ({ client }) => (await mountsOf(client, kind)).map(([path]) => path));
const listed = (path: string): Source => first(({ client }) => keysOf(client, path));

const sources: Readonly<Record<string, Source>> = {
  ...Object.fromEntries(
    ['read', 'write', 'list', 'delete', 'patch', 'path-help', 'scan'].map((name) => [name, anyPath]),
  ),
  ...Object.fromEntries(
    [
      'get',
      'put',
      'patch',
      'list',
      'scan',
      'delete',
      'undelete',
      'destroy',
      'rollback',
      'metadata get',
      'metadata put',
      'metadata patch',
      'metadata delete',
    ].map((name) => [`kv ${name}`, kvPath]),
  ),
  ...Object.fromEntries(
    ['disable', 'tune', 'move'].flatMap((name) => [
      [`secrets ${name}`, mount('secret')],
      [`auth ${name}`, mount('auth')],
    ]),
  ),
  ...Object.fromEntries(
    ['read', 'delete', 'write'].map((name) => [`policy ${name}`, listed('sys/policies/acl')]),
  ),
  ...Object.fromEntries(
    ['lookup', 'patch', 'delete', 'lock', 'unlock'].map((name) => [
      `namespace ${name}`,
      listed('sys/namespaces'),
    ]),
  ),
};
