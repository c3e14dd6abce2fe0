import type { CofferClient } from '../../sdk/client.ts';
import { isObject } from '../../sdk/secret.ts';
import { statusOf } from '../failure.ts';

/** Lets templates say `secret/ai/openai` for `secret/data/ai/openai` where the store has versions, as Vault Agent does. */
export class KvPaths {
  /** Mount path to whether it has versions. */
  readonly #mounts = new Map<string, boolean>();
  /** One question at a time: its answer is mostly the next one's. */
  #asking: Promise<unknown> = Promise.resolve();

  async resolve(client: CofferClient, path: string, kind: 'read' | 'list'): Promise<string> {
    const clean = path.replace(/^\/+/, '');
    const found = this.#known(clean) ?? (await this.#inTurn(client, clean));
    if (found === undefined || !this.#mounts.get(found)) return clean;
    const rest = clean.slice(found.length);
    if (/^(data|metadata|config|delete|undelete|destroy|subkeys)(\/|$)/.test(rest)) return clean;
    return `${found}${kind === 'list' ? 'metadata' : 'data'}/${rest}`;
  }

  #known(path: string): string | undefined {
    return [...this.#mounts.keys()].find((name) => path.startsWith(name));
  }

  async #inTurn(client: CofferClient, path: string): Promise<string | undefined> {
    const turn = this.#asking.then(() => this.#known(path) ?? this.#ask(client, path));
    this.#asking = turn.catch(() => {});
    return turn;
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
