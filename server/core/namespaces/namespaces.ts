import { randomBytes, randomUUID } from 'node:crypto';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { checkCanonical } from '../router/canonical-path.ts';

/** A namespace as requests meet it. */
export interface Namespace {
  readonly id: string;
  /** Empty for root, else ending in '/'. */
  readonly path: string;
  readonly uuid: string;
  readonly customMetadata: Readonly<Record<string, string>>;
  /** Set while its data is being removed; it serves nothing any more. */
  readonly tainted?: boolean;
}

export const rootNamespace: Namespace = Object.freeze({
  id: 'root',
  path: '',
  uuid: '00000000-0000-0000-0000-000000000000',
  customMetadata: {},
});

/** What else has to happen when a namespace comes or goes. */
export interface NamespaceHooks {
  created(namespace: Namespace): Promise<void>;
  /** Must be safe to repeat after a crash. */
  removing(namespace: Namespace): Promise<void>;
}

const reserved = new Set(['root', 'sys', 'audit', 'auth', 'cubbyhole', 'identity']);
const idCharacters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789';

/**
 * The tree of namespaces. Entries live in the root namespace's records: `at/<path>` holds the entry,
 * `id/<id>` its path.
 */
export class Namespaces {
  readonly #records: Records;
  readonly #hooks: NamespaceHooks;

  constructor(records: Records, hooks: NamespaceHooks) {
    this.#records = records;
    this.#hooks = hooks;
  }

  /** `path` is canonical, with or without a trailing slash; '' is root. */
  async find(path: string): Promise<Namespace | undefined> {
    const bare = path.endsWith('/') ? path.slice(0, -1) : path;
    if (bare === '') return rootNamespace;
    return (await this.#records.get<Namespace>(`at/${bare}`))?.value;
  }

  async byId(id: string): Promise<Namespace | undefined> {
    if (id === rootNamespace.id) return rootNamespace;
    const path = await this.#records.get<string>(`id/${id}`);
    return path && (await this.find(path.value));
  }

  /** The names of the direct children, ending in '/'. */
  async children(parent: Namespace, page?: { after?: string; limit?: number }): Promise<string[]> {
    const names = await this.#records.list(`at/${parent.path}`, page);
    return names.filter((name) => !name.endsWith('/')).map((name) => `${name}/`);
  }

  /** Every namespace below `parent`, parents before their children, paths relative to it. */
  async *below(parent: Namespace): AsyncGenerator<Namespace> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#records.scan<Namespace>(`at/${parent.path}`, {
        limit: 500,
        ...(after === undefined ? {} : { after }),
      });
      for (const [, stored] of page) yield stored.value;
      const last = page.at(-1);
      if (!last) return;
      after = last[0];
    }
  }

  async create(
    parent: Namespace,
    name: string,
    customMetadata: Readonly<Record<string, string>>,
  ): Promise<Namespace> {
    checkName(name);
    const path = `${parent.path}${name}`;
    const existing = await this.find(path);
    if (existing) throw invalidRequest(`namespace "${path}/" already exists`);
    const namespace: Namespace = { id: newId(), path: `${path}/`, uuid: randomUUID(), customMetadata };
    await this.#hooks.created(namespace);
    try {
      await this.#records.commit({
        expect: [
          { key: `at/${path}`, stored: undefined },
          { key: `id/${namespace.id}`, stored: undefined },
        ],
        put: [
          [`at/${path}`, namespace],
          [`id/${namespace.id}`, path],
        ],
      });
    } catch (error) {
      if (error instanceof StorageConflict) throw invalidRequest(`namespace "${path}/" already exists`);
      throw error;
    }
    return namespace;
  }

  async setMetadata(
    namespace: Namespace,
    customMetadata: Readonly<Record<string, string>>,
  ): Promise<Namespace> {
    const stored = await this.#stored(namespace);
    const updated = { ...stored.value, customMetadata };
    await this.#records.commit({
      expect: [{ key: key(namespace), stored }],
      put: [[key(namespace), updated]],
    });
    return updated;
  }

  /** Stops serving the namespace at once, then removes all that it held. Refused while it has children. */
  async remove(namespace: Namespace): Promise<void> {
    if ((await this.children(namespace, { limit: 1 })).length > 0) {
      throw invalidRequest(`cannot delete namespace "${namespace.path}" which has child namespaces`, {
        hint: 'Delete its children first.',
      });
    }
    const stored = await this.#stored(namespace);
    if (!stored.value.tainted) {
      await this.#records.commit({
        expect: [{ key: key(namespace), stored }],
        put: [[key(namespace), { ...stored.value, tainted: true }]],
      });
    }
    await this.#finishRemoval(namespace);
  }

  /** Goes on with removals that a crash interrupted. Called after unseal. */
  async resumeRemovals(): Promise<void> {
    for await (const namespace of this.below(rootNamespace))
      if (namespace.tainted) await this.#finishRemoval(namespace);
  }

  async #finishRemoval(namespace: Namespace): Promise<void> {
    await this.#hooks.removing(namespace);
    await this.#records.commit({ remove: [key(namespace), `id/${namespace.id}`] });
  }

  async #stored(namespace: Namespace): Promise<Stored<Namespace>> {
    const stored = await this.#records.get<Namespace>(key(namespace));
    if (!stored) throw new CofferError('not-found');
    return stored;
  }
}

function key(namespace: Namespace): string {
  return `at/${namespace.path.slice(0, -1)}`;
}

function checkName(name: string): void {
  checkCanonical(name);
  if (name === '' || name.includes('/'))
    throw invalidRequest('a namespace name is one path segment', {
      hint: 'Create the parent first, then the child inside it.',
    });
  if (name.includes(' ') || name.includes('*') || name.includes('+'))
    throw invalidRequest('a namespace name cannot hold spaces, "*" or "+"');
  if (reserved.has(name))
    throw invalidRequest(`"${name}" is a reserved path and cannot be used as a namespace name`);
}

/** Six characters, as Vault's; part of every token and lease of the namespace. */
function newId(): string {
  let id = '';
  while (id.length < 6)
    for (const byte of randomBytes(16)) if (byte < 232 && id.length < 6) id += idCharacters[byte % 58];
  return id;
}
