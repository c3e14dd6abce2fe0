import { hash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
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
  /** SHA-256, hex, of the key that unlocks its API; requests in it and below it are refused meanwhile. */
  readonly lock?: string;
}

export const rootNamespace: Namespace = Object.freeze({
  id: 'root',
  path: '',
  uuid: '00000000-0000-0000-0000-000000000000',
  customMetadata: {},
});

/** What else has to happen when a namespace comes or goes. */
export interface NamespaceHooks {
  /** Whether a mount of `parent` is at, above or below `path` (ending in '/'), where a child would be unreachable. */
  isTaken(parent: Namespace, path: string): Promise<boolean>;
  created(namespace: Namespace): Promise<void>;
  /** Must be safe to repeat after a crash. */
  removing(namespace: Namespace): Promise<void>;
}

const reserved = new Set(['root', 'sys', 'audit', 'auth', 'cubbyhole', 'identity']);
const attempts = 8;
const listBatch = 1000;
/** Leaves room in a storage key for what is stored below it, and in a URL for a path inside. */
const maxPathBytes = 1024;
const idCharacters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789';

/**
 * The tree of namespaces. Entries live in the root namespace's records: `at/<path>` holds the entry,
 * `id/<id>` its path.
 */
export class Namespaces {
  readonly #records: Records;
  readonly #hooks: NamespaceHooks;
  readonly #newId: () => string;

  constructor(records: Records, hooks: NamespaceHooks, newId: () => string = randomId) {
    this.#records = records;
    this.#hooks = hooks;
    this.#newId = newId;
  }

  /** `path` is canonical, with or without a trailing slash; '' is root. */
  async find(path: string): Promise<Namespace | undefined> {
    const bare = path.endsWith('/') ? path.slice(0, -1) : path;
    if (bare === '') return rootNamespace;
    return (await this.#records.get<Namespace>(`at/${bare}`))?.value;
  }

  /** The namespace whose lock keeps callers out of `namespace`: its own or one above it. */
  async lockedBy(namespace: Namespace): Promise<Namespace | undefined> {
    if (namespace.lock !== undefined) return namespace;
    for (let cut = namespace.path.indexOf('/'); cut >= 0; cut = namespace.path.indexOf('/', cut + 1)) {
      const above = await this.find(namespace.path.slice(0, cut));
      if (above?.lock !== undefined) return above;
    }
    return undefined;
  }

  async byId(id: string): Promise<Namespace | undefined> {
    if (id === rootNamespace.id) return rootNamespace;
    const path = await this.#records.get<string>(`id/${id}`);
    return path && (await this.find(path.value));
  }

  /** The names of the direct children in order, ending in '/'. */
  async children(parent: Namespace, page: { after?: string; limit?: number } = {}): Promise<string[]> {
    const limit = page.limit ?? Number.POSITIVE_INFINITY;
    const children: string[] = [];
    let { after } = page;
    while (children.length < limit) {
      const names = await this.#records.list(`at/${parent.path}`, {
        limit: listBatch,
        ...(after === undefined ? {} : { after }),
      });
      for (const name of names) if (!name.endsWith('/')) children.push(`${name}/`);
      if (names.length < listBatch) break;
      after = names.at(-1);
    }
    return children.slice(0, limit);
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
    if (Buffer.byteLength(path) > maxPathBytes)
      throw invalidRequest(`the path of a namespace cannot be longer than ${maxPathBytes} bytes`);
    if (await this.find(path)) throw invalidRequest(`namespace "${path}/" already exists`);
    if (await this.#hooks.isTaken(parent, `${name}/`))
      throw invalidRequest(`namespace path "${path}/" is in use by a mount`);
    const above = parent.path === '' ? undefined : await this.#stored(parent);
    if (above?.value.tainted) throw new CofferError('not-found', 'namespace not found');
    const namespace: Namespace = {
      id: await this.#freeId(),
      path: `${path}/`,
      uuid: randomUUID(),
      customMetadata,
    };
    await this.#hooks.created(namespace);
    try {
      await this.#records.commit({
        expect: [
          // Whoever removes the parent meanwhile marks it first, and this fails.
          ...(above ? [{ key: key(parent), stored: above }] : []),
          { key: `at/${path}`, stored: undefined },
          { key: `id/${namespace.id}`, stored: undefined },
        ],
        put: [
          [`at/${path}`, namespace],
          [`id/${namespace.id}`, path],
        ],
      });
    } catch (error) {
      await this.#hooks.removing(namespace);
      if (!(error instanceof StorageConflict)) throw error;
      if (await this.find(path)) throw invalidRequest(`namespace "${path}/" already exists`);
      throw new CofferError('conflict');
    }
    return namespace;
  }

  /** `change` is given the metadata as they are now. */
  async setMetadata(
    namespace: Namespace,
    change: (before: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
  ): Promise<Namespace> {
    return this.#edit(namespace, (before) => ({
      ...before,
      customMetadata: change(before.customMetadata),
    }));
  }

  /** Refuses every request in the namespace and below it until `unlock`. Returns the key for that, which is not kept. */
  async lock(namespace: Namespace): Promise<string> {
    const unlockKey = randomBytes(18).toString('base64url');
    await this.#edit(namespace, (before) => {
      if (before.lock !== undefined) throw invalidRequest(`namespace "${before.path}" is already locked`);
      return { ...before, lock: digestOf(unlockKey).toString('hex') };
    });
    return unlockKey;
  }

  /** `unlockKey` undefined: the caller may unlock without it. */
  async unlock(namespace: Namespace, unlockKey: string | undefined): Promise<void> {
    await this.#edit(namespace, ({ lock, ...open }) => {
      if (lock === undefined) throw invalidRequest(`namespace "${open.path}" is not locked`);
      const isRight =
        unlockKey === undefined || timingSafeEqual(digestOf(unlockKey), Buffer.from(lock, 'hex'));
      if (!isRight) throw invalidRequest('incorrect unlock key');
      return open;
    });
  }

  /** Stops serving the namespace at once, then removes all that it held. Refused while it has children. */
  async remove(namespace: Namespace): Promise<void> {
    await this.#refuseWithChildren(namespace);
    // Gone meanwhile: whoever else was removing it has finished.
    if (!(await this.#taint(namespace))) return;
    try {
      // One may have appeared between the two.
      await this.#refuseWithChildren(namespace);
    } catch (error) {
      await this.#edit(namespace, ({ tainted: _gone, ...before }) => before);
      throw error;
    }
    await this.#finishRemoval(namespace);
  }

  /** Goes on with removals that a crash interrupted. Called after unseal; one that fails does not keep the others. */
  async resumeRemovals(): Promise<void> {
    let failure: unknown;
    for await (const namespace of this.below(rootNamespace)) {
      if (!namespace.tainted) continue;
      await this.#finishRemoval(namespace).catch((error: unknown) => {
        failure ??= error;
      });
    }
    if (failure !== undefined) throw failure;
  }

  /** Never one that is in use: what is made for the new one, and removed when that fails, must not be another's. */
  async #freeId(): Promise<string> {
    for (;;) {
      const id = this.#newId();
      if (!(await this.#records.get(`id/${id}`))) return id;
    }
  }

  async #finishRemoval(namespace: Namespace): Promise<void> {
    await this.#hooks.removing(namespace);
    await this.#records.commit({ remove: [key(namespace), `id/${namespace.id}`] });
  }

  async #taint(namespace: Namespace): Promise<boolean> {
    try {
      await this.#edit(namespace, (before) => ({ ...before, tainted: true }));
      return true;
    } catch (error) {
      if (error instanceof CofferError && error.code === 'not-found') return false;
      throw error;
    }
  }

  async #refuseWithChildren(namespace: Namespace): Promise<void> {
    if ((await this.children(namespace, { limit: 1 })).length > 0)
      throw invalidRequest('unable to delete namespace containing child namespaces', {
        hint: 'Delete its children first.',
      });
  }

  async #edit(namespace: Namespace, change: (before: Namespace) => Namespace): Promise<Namespace> {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#stored(namespace);
      const after = change(stored.value);
      try {
        await this.#records.commit({
          expect: [{ key: key(namespace), stored }],
          put: [[key(namespace), after]],
        });
        return after;
      } catch (error) {
        if (!(error instanceof StorageConflict) || attempt === attempts) throw error;
      }
    }
  }

  async #stored(namespace: Namespace): Promise<Stored<Namespace>> {
    const stored = await this.#records.get<Namespace>(key(namespace));
    // Another of that name may have taken its place.
    if (stored?.value.id !== namespace.id) throw new CofferError('not-found');
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
    throw invalidRequest(`"${name}/" is a reserved path and cannot be used as a namespace name`);
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Six characters, as Vault's; part of every token and lease of the namespace. */
function randomId(): string {
  let id = '';
  while (id.length < 6)
    for (const byte of randomBytes(16)) if (byte < 232 && id.length < 6) id += idCharacters[byte % 58];
  return id;
}
