import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../../contracts/clock.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import type { RecordChange, Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { dueKey } from '../leases/due.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import { rootNamespace } from '../namespaces/namespaces.ts';
import { BatchTokens } from './batch-token.ts';
import { namespaceIdOf, type TokenAddress, type TokenEntry } from './token-entry.ts';
import { type TokenState, tokenState } from './token-state.ts';

export interface TokenStoreDependencies {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  readonly clock: Clock;
  /** What must end with these tokens, in the same commit (their leases fall due now). */
  readonly endingWith: (
    tokens: readonly TokenAddress[],
  ) => Promise<readonly { records: Records; change: RecordChange }[]>;
  /** Told after tokens ended: engines drop what belonged to them. */
  readonly ended: (tokens: readonly TokenAddress[]) => Promise<void>;
}

const saltKey = 'token-salt';
/** Descendants ended in the commit that ends their ancestor; larger trees go on in further commits. */
const treeBatch = 2000;

/**
 * Tokens under the salted digest of their strings, never the strings. Below a namespace's `sys/`:
 * `token/<digest>`, `accessor/<accessor>`, `token-child/<parent digest>/<namespace id>.<digest>`,
 * `revoking/<digest>` while a large tree is being ended.
 */
export class TokenStore {
  readonly #deps: TokenStoreDependencies;
  readonly #batch = new BatchTokens();
  #salt: Stored<string> | undefined;

  constructor(deps: TokenStoreDependencies) {
    this.#deps = deps;
  }

  /** Made once, when the store is initialised. */
  async initialize(): Promise<void> {
    const records = this.#sys(rootNamespace.id);
    if (await records.get(saltKey)) return;
    await records.commit({
      expect: [{ key: saltKey, stored: undefined }],
      put: [[saltKey, randomBytes(32).toString('base64')]],
    });
  }

  /** Called at every unseal: another store's salt must not be used. */
  async load(): Promise<void> {
    this.#salt = await this.#sys(rootNamespace.id).get<string>(saltKey);
    if (!this.#salt) throw new Error('the store has no token salt; it was not initialised completely');
  }

  forget(): void {
    this.#salt = undefined;
  }

  digest(token: string): string {
    if (!this.#salt) throw new Error('sealed');
    return hash('sha256', `${this.#salt.value}${token}`, 'hex');
  }

  /** The valid token with this string. Undefined when there is none, or it has expired or is being revoked. */
  async find(token: string): Promise<TokenState | undefined> {
    if (token.length > 16_384) return undefined;
    const namespaceId = namespaceIdOf(token);
    if (/^(?:hvb|b)\./.test(token)) return this.#findBatch(token, namespaceId);
    return this.at({ namespaceId, digest: this.digest(token) });
  }

  /** `used` also finds a token whose last use is going on. */
  async at(address: TokenAddress, options: { readonly used?: boolean } = {}): Promise<TokenState | undefined> {
    if (!/^(?:root|[A-Za-z0-9]{1,16})$/.test(address.namespaceId)) return undefined;
    const stored = await this.#sys(address.namespaceId).get<TokenEntry>(`token/${address.digest}`);
    if (!stored || !this.#alive(stored.value, options.used)) return undefined;
    if (stored.memo === undefined) {
      const namespace = await this.#deps.namespaceById(address.namespaceId);
      if (!namespace || namespace.tainted) return undefined;
      stored.memo = tokenState(stored.value, address.digest, namespace, stored);
    }
    return stored.memo as TokenState;
  }

  async byAccessor(accessor: string, namespaceId: string): Promise<TokenState | undefined> {
    const digest = await this.#sys(namespaceId).get<string>(`accessor/${accessor}`);
    return digest && this.at({ namespaceId, digest: digest.value });
  }

  accessors(namespaceId: string): Promise<string[]> {
    return this.#sys(namespaceId).list('accessor/', { limit: 1_000_000 });
  }

  /** Stores a new token and its indexes in one commit, with `others` in the same. Throws 'invalid-request' for a taken id. */
  async insert(
    token: string,
    entry: TokenEntry,
    namespace: Namespace,
    others: readonly { records: Records; change: RecordChange }[] = [],
  ): Promise<TokenState> {
    const digest = this.digest(token);
    const records = this.#sys(namespace.id);
    const put: [string, unknown][] = [
      [`token/${digest}`, entry],
      [`accessor/${entry.accessor}`, digest],
    ];
    const more = [...others];
    if (entry.parent)
      more.push({
        records: this.#sys(entry.parent.namespaceId),
        change: { mark: [childKey(entry.parent, namespace.id, digest)] },
      });
    if (entry.expiresMs > 0)
      more.push({
        records: this.#due(),
        change: { mark: [dueKey(entry.expiresMs, 'token', namespace.id, digest)] },
      });
    // The parent must still be there when the child appears, or its revocation would miss the child.
    const parentRecord =
      entry.parent && (await this.#sys(entry.parent.namespaceId).get(`token/${entry.parent.digest}`));
    if (entry.parent) {
      if (!parentRecord) throw invalidRequest('parent token lookup failed: no parent found');
      more.push({
        records: this.#sys(entry.parent.namespaceId),
        change: { expect: [{ key: `token/${entry.parent.digest}`, stored: parentRecord }] },
      });
    }
    try {
      await records.commitWith({ expect: [{ key: `token/${digest}`, stored: undefined }], put }, more);
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
      if (await records.get(`token/${digest}`))
        throw invalidRequest('cannot create a token with a duplicate ID');
      // The parent was used, renewed or revoked meanwhile: look again.
      return this.insert(token, entry, namespace, others);
    }
    return tokenState(entry, digest, namespace);
  }

  sealBatch(entry: TokenEntry, namespace: Namespace): Promise<string> {
    return this.#batch.seal(this.#sys(namespace.id), entry);
  }

  /** Writes a changed entry if it is still what `state` was. False when somebody else was first. */
  async replace(state: TokenState, entry: TokenEntry): Promise<boolean> {
    const records = this.#sys(state.namespace.id);
    const key = `token/${state.digest}`;
    const stored = state.stored ?? (await records.get<TokenEntry>(key));
    if (!stored) return false;
    const due: RecordChange[] = [];
    if (entry.expiresMs !== state.entry.expiresMs) {
      due.push({
        remove:
          state.entry.expiresMs > 0
            ? [dueKey(state.entry.expiresMs, 'token', state.namespace.id, state.digest)]
            : [],
        mark: entry.expiresMs > 0 ? [dueKey(entry.expiresMs, 'token', state.namespace.id, state.digest)] : [],
      });
    }
    try {
      await records.commitWith(
        { expect: [{ key, stored }], put: [[key, entry]] },
        due.map((change) => ({ records: this.#due(), change })),
      );
      return true;
    } catch (error) {
      if (error instanceof StorageConflict) return false;
      throw error;
    }
  }

  /**
   * Takes one use of a token that has a limited number. Undefined when none was left. A token whose last use
   * this is serves this request and no other; the pipeline revokes it afterwards.
   */
  async use(state: TokenState): Promise<TokenState | undefined> {
    let current: TokenState | undefined = state;
    while (current && current.entry.numUses > 0) {
      const left = current.entry.numUses - 1;
      const entry: TokenEntry = { ...current.entry, numUses: left === 0 ? -1 : left };
      if (await this.replace(current, entry)) return tokenState(entry, current.digest, current.namespace);
      current = await this.at({ namespaceId: current.namespace.id, digest: current.digest });
    }
    return current && current.entry.numUses === 0 ? current : undefined;
  }

  /** Ends a token, all its descendants and their leases. When it resolves none of them is accepted anywhere. */
  async revokeTree(address: TokenAddress): Promise<boolean> {
    const root = await this.#sys(address.namespaceId).get<TokenEntry>(`token/${address.digest}`);
    const pending = await this.#sys(address.namespaceId).get(`revoking/${address.digest}`);
    if (!root && !pending) return false;
    const { tokens, complete } = await this.#collect(address);
    await this.#end(tokens, complete ? undefined : address);
    if (!complete) return this.revokeTree(address);
    return true;
  }

  /** Ends one token; its children become orphans in the same commit. */
  async revokeOrphan(address: TokenAddress): Promise<boolean> {
    if (!(await this.#sys(address.namespaceId).get(`token/${address.digest}`))) return false;
    for (const child of await this.#children(address, 1_000_000)) {
      const records = this.#sys(child.namespaceId);
      const stored = await records.get<TokenEntry>(`token/${child.digest}`);
      if (!stored) continue;
      const { parent: _gone, ...orphan } = stored.value;
      await records.commit({
        expect: [{ key: `token/${child.digest}`, stored }],
        put: [[`token/${child.digest}`, orphan]],
      });
    }
    await this.#end([address], undefined);
    return true;
  }

  /** The background job's part: ends a token whose time has come, unless it was renewed meanwhile. */
  async expire(address: TokenAddress): Promise<void> {
    const stored = await this.#sys(address.namespaceId).get<TokenEntry>(`token/${address.digest}`);
    if (stored && stored.value.expiresMs > this.#deps.clock.now()) return;
    await this.revokeTree(address);
  }

  /** Goes on with trees whose revocation a crash interrupted. */
  async resume(namespaceId: string): Promise<void> {
    for (const digest of await this.#sys(namespaceId).list('revoking/', { limit: 10_000 }))
      await this.revokeTree({ namespaceId, digest });
  }

  /** Removes indexes that lead nowhere. */
  async tidy(namespaceId: string): Promise<number> {
    const records = this.#sys(namespaceId);
    let removed = 0;
    let after: string | undefined;
    for (;;) {
      const page = await records.scan<string>('accessor/', {
        limit: 500,
        ...(after === undefined ? {} : { after }),
      });
      for (const [key, stored] of page) {
        if (await records.get(`token/${stored.value}`)) continue;
        await records
          .commit({
            expect: [
              { key, stored },
              { key: `token/${stored.value}`, stored: undefined },
            ],
            remove: [key],
          })
          .then(
            () => removed++,
            () => {},
          );
      }
      const last = page.at(-1);
      if (!last) return removed;
      after = last[0];
    }
  }

  async #findBatch(token: string, namespaceId: string): Promise<TokenState | undefined> {
    if (!/^(?:root|[A-Za-z0-9]{1,16})$/.test(namespaceId)) return undefined;
    const namespace = await this.#deps.namespaceById(namespaceId);
    if (!namespace || namespace.tainted) return undefined;
    const body = token.replace(/^(?:hvb|b)\./, '');
    const text = namespace.id === rootNamespace.id ? body : body.slice(0, -(namespace.id.length + 1));
    const entry = await this.#batch.open(this.#sys(namespace.id), text);
    if (!entry || !this.#alive(entry)) return undefined;
    if (entry.parent && !(await this.at(entry.parent))) return undefined;
    return tokenState(entry, this.digest(token), namespace);
  }

  #alive(entry: TokenEntry, used = false): boolean {
    return (used || entry.numUses >= 0) && (entry.expiresMs === 0 || entry.expiresMs > this.#deps.clock.now());
  }

  async #collect(root: TokenAddress): Promise<{ tokens: TokenAddress[]; complete: boolean }> {
    const tokens: TokenAddress[] = [root];
    for (let index = 0; index < tokens.length; index++) {
      const children = await this.#children(tokens[index]!, treeBatch);
      tokens.push(...children);
      if (tokens.length > treeBatch) return { tokens: tokens.slice(0, treeBatch), complete: false };
    }
    return { tokens, complete: true };
  }

  async #children(parent: TokenAddress, limit: number): Promise<TokenAddress[]> {
    const names = await this.#sys(parent.namespaceId).list(`token-child/${parent.digest}/`, { limit });
    return names.map((name) => {
      const dot = name.indexOf('.');
      return { namespaceId: name.slice(0, dot), digest: name.slice(dot + 1) };
    });
  }

  /**
   * One commit: the entries of `tokens`, their indexes, and what ends with them. Of a tree that is too large
   * for one commit (`unfinished` is its root), every token that has children left stays findable by a
   * `revoking/` record, so that none of its descendants is forgotten.
   */
  async #end(tokens: readonly TokenAddress[], unfinished: TokenAddress | undefined): Promise<void> {
    const changes: { records: Records; change: RecordChange }[] = [...(await this.#deps.endingWith(tokens))];
    const ending = new Set(tokens.map((token) => `${token.namespaceId}.${token.digest}`));
    for (const token of tokens) {
      const records = this.#sys(token.namespaceId);
      const stored = await records.get<TokenEntry>(`token/${token.digest}`);
      const remove = [`token/${token.digest}`];
      const put: [string, unknown][] = [];
      if (stored) {
        remove.push(`accessor/${stored.value.accessor}`);
        const { parent, expiresMs } = stored.value;
        if (parent)
          changes.push({
            records: this.#sys(parent.namespaceId),
            change: { remove: [childKey(parent, token.namespaceId, token.digest)] },
          });
        if (expiresMs > 0)
          changes.push({
            records: this.#due(),
            change: { remove: [dueKey(expiresMs, 'token', token.namespaceId, token.digest)] },
          });
      }
      if (unfinished) {
        const left = (await this.#children(token, treeBatch + 1)).some(
          (child) => !ending.has(`${child.namespaceId}.${child.digest}`),
        );
        if (left || token === unfinished) put.push([`revoking/${token.digest}`, true]);
        else remove.push(`revoking/${token.digest}`);
      } else remove.push(`revoking/${token.digest}`);
      changes.push({ records, change: { put, remove } });
    }
    const [first, ...rest] = changes;
    await first!.records.commitWith(first!.change, rest);
    if (unfinished) for (const token of tokens) if (token !== unfinished) await this.#endLeft(token);
    await this.#deps.ended(tokens);
  }

  async #endLeft(token: TokenAddress): Promise<void> {
    if (await this.#sys(token.namespaceId).get(`revoking/${token.digest}`)) await this.revokeTree(token);
  }

  #sys(namespaceId: string): Records {
    return this.#deps.recordsOf(namespaceId, 'sys/');
  }

  #due(): Records {
    return this.#deps.recordsOf(rootNamespace.id, 'sys/');
  }
}

function childKey(parent: TokenAddress, namespaceId: string, digest: string): string {
  return `token-child/${parent.digest}/${namespaceId}.${digest}`;
}
