import type { CofferClient } from '../../sdk/client.ts';
import { isObject } from '../../sdk/secret.ts';
import { statusOf } from '../failure.ts';

/** Lets templates say `secret/ai/openai` for `secret/data/ai/openai` where the store has versions, as Vault Agent does. */
export class KvPaths {
  /** Mount path to whether it has versions. */
  readonly #mounts = new Map<string, boolean>();

  async resolve(client: CofferClient, path: string, kind: 'read' | 'list'): Promise<string> {
    const clean = path.replace(/^\/+/, '');
    const mount = [...this.#mounts.keys()].find((name) => clean.startsWith(name));
    const found = mount === undefined ? await this.#ask(client, clean) : mount;
    if (found === undefined || !this.#mounts.get(found)) return clean;
    const rest = clean.slice(found.length);
    if (/^(data|metadata|config|delete|undelete|destroy|subkeys)(\/|$)/.test(rest)) return clean;
    return `${found}${kind === 'list' ? 'metadata' : 'data'}/${rest}`;
  }

  async #ask(client: CofferClient, path: string): Promise<string | undefined> {
    try {
      const { data } = (await client.read(`sys/internal/ui/mounts/${path}`)) ?? {};
      const mount = data?.['path'];
      if (typeof mount !== 'string') return undefined;
      const options = data?.['options'];
      this.#mounts.set(mount, data?.['type'] === 'kv' && isObject(options) && options['version'] === '2');
      return mount;
    } catch (error) {
      // A token may be allowed the secret and not the mount: then the path stands as it was written.
      if (statusOf(error) === undefined) throw error;
      return undefined;
    }
  }
}
