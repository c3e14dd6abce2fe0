import type { Query } from './client.ts';
import { ProblemError } from './problem.ts';
import { isObject } from './secret.ts';
import type { Outcomes, SecretCache } from './secret-cache.ts';
import { SecretValue, type SecretValues, secretValues } from './secret-value.ts';

/** Sends one request below `/api/v1/` and answers its body; throws `ProblemError`. */
export type AskPlatform = (
  method: string,
  path: string,
  options?: { readonly query?: Query; readonly body?: unknown; readonly ifMatch?: string },
) => Promise<Readonly<Record<string, unknown>>>;

export interface SecretDetails {
  readonly type?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** A duration such as `30d`. */
  readonly expiresIn?: string;
  readonly expiresAt?: Date | string;
  readonly rotationPolicy?: {
    readonly enabled: boolean;
    readonly period: string;
    readonly notifyBefore?: string;
  };
}

export interface NewSecret extends SecretDetails {
  readonly name: string;
  readonly value: unknown;
}

export interface SecretChange extends SecretDetails {
  readonly value?: unknown;
  readonly noExpiry?: boolean;
  /** Only if it is still as a description or list showed it. */
  readonly ifMatch?: string;
}

/** A secret without its value. */
export interface SecretDescription {
  readonly name: string;
  readonly workspace: string;
  readonly type: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly expires_at: string | null;
  readonly expired: boolean;
  readonly deleted: boolean;
  readonly rotation_due_at: string | null;
}

export interface ReadOptions {
  /** False asks the server, and neither looks into the cache nor adds to it. */
  readonly cache?: boolean;
}

/** The secrets of one workspace, by name. The newest values are kept in the cache that it is given. */
export class SecretsClient {
  readonly #ask: AskPlatform;
  readonly #cache: SecretCache | undefined;

  constructor(ask: AskPlatform, cache?: SecretCache) {
    this.#ask = ask;
    this.#cache = cache;
  }

  async create(secret: NewSecret): Promise<SecretDescription> {
    const { name, value } = secret;
    const sent = { body: { name, value, ...wire(secret) } };
    return this.#changing(name, async () => described(await this.#ask('POST', 'secrets', sent)));
  }

  /** The newest version, from the cache if it is there, or the version asked for, which never is. */
  async get(
    name: string,
    { version, cache = true }: ReadOptions & { readonly version?: number } = {},
  ): Promise<SecretValue> {
    const query: Query = version === undefined ? {} : { version: String(version) };
    const load = async () => new SecretValue(await this.#ask('GET', `secrets/${name}:value`, { query }));
    if (version !== undefined || !cache || !this.#cache) return load();
    const outcomes = await this.#cache.read([name], async () => new Map([[name, await load()]]));
    const outcome = outcomes.get(name);
    if (outcome instanceof SecretValue) return outcome;
    throw outcome ?? new Error(`the server answered nothing about ${name}`);
  }

  /** Several values; those that are not in the cache in one request for each hundred. Throws when one cannot be read. */
  async batchGet(names: readonly string[], { cache = true }: ReadOptions = {}): Promise<SecretValues> {
    const load = (some: readonly string[]): Promise<Outcomes> => this.#load(some);
    const outcomes = await (cache && this.#cache ? this.#cache.read(names, load) : load(names));
    const values: Record<string, unknown> = Object.create(null);
    const missing: string[] = [];
    for (const [name, outcome] of outcomes) {
      if (outcome instanceof SecretValue) values[name] = outcome.data;
      else if (outcome instanceof ProblemError && isAboutSecret(outcome)) missing.push(name);
      else throw outcome;
    }
    if (missing.length > 0) throw new Error(`these secrets cannot be read: ${missing.sort().join(', ')}`);
    return secretValues(values);
  }

  /** The next read asks the server. Without a name: for all of them. */
  forget(name?: string): void {
    if (name === undefined) this.#cache?.clear();
    else this.#cache?.forget(name);
  }

  async describe(name: string): Promise<SecretDescription> {
    return described(await this.#ask('GET', `secrets/${name}`));
  }

  /** One page; `next_cursor` as `cursor` has the next. */
  async page(query: Query = {}): Promise<{ secrets: SecretDescription[]; next_cursor: string | null }> {
    const answer = await this.#ask('GET', 'secrets', { query });
    const secrets = Array.isArray(answer['secrets']) ? answer['secrets'].map(described) : [];
    const next = answer['next_cursor'];
    return { secrets, next_cursor: typeof next === 'string' ? next : null };
  }

  /** All pages. */
  async list(query: Query = {}): Promise<SecretDescription[]> {
    const all: SecretDescription[] = [];
    let cursor: string | null = null;
    do {
      const page = await this.page({ limit: '500', ...query, ...(cursor === null ? {} : { cursor }) });
      all.push(...page.secrets);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return all;
  }

  async update(name: string, change: SecretChange): Promise<SecretDescription> {
    const { value, noExpiry, ifMatch } = change;
    const body = {
      ...(value === undefined ? {} : { value }),
      ...(noExpiry ? { no_expiry: true } : {}),
      ...wire(change),
    };
    const sent = { body, ...(ifMatch === undefined ? {} : { ifMatch }) };
    return this.#changing(name, async () => described(await this.#ask('PATCH', `secrets/${name}`, sent)));
  }

  /** To the version before the newest, or the one asked for, as a new version. */
  async rollback(name: string, options: { readonly version?: number } = {}): Promise<SecretDescription> {
    const sent = { body: options };
    return this.#changing(name, async () =>
      described(await this.#ask('POST', `secrets/${name}:rollback`, sent)),
    );
  }

  async delete(name: string, options: { readonly permanent?: boolean } = {}): Promise<void> {
    const query: Query = options.permanent ? { permanent: 'true' } : {};
    await this.#changing(name, () => this.#ask('DELETE', `secrets/${name}`, { query }));
  }

  /** Forgets after a failure as well: the change may have been made. */
  async #changing<T>(name: string, change: () => Promise<T>): Promise<T> {
    try {
      return await change();
    } finally {
      this.forget(name);
    }
  }

  async #load(names: readonly string[]): Promise<Outcomes> {
    const outcomes = new Map<string, SecretValue | Error>();
    const all = [...new Set(names)];
    for (let at = 0; at < all.length; at += 100) {
      const some = all.slice(at, at + 100);
      const answer = await this.#ask('POST', 'secrets:batch-get', { body: { names: some } });
      const secrets = objectAt(answer, 'secrets');
      const errors = objectAt(answer, 'errors');
      for (const name of some) {
        const secret = secrets[name];
        outcomes.set(name, isObject(secret) ? new SecretValue(secret) : problemOf(errors[name]));
      }
    }
    return outcomes;
  }
}

function wire({ type, description, tags, metadata, expiresIn, expiresAt, rotationPolicy }: SecretDetails) {
  const all = {
    type,
    description,
    tags,
    metadata,
    expires_in: expiresIn,
    expires_at: expiresAt instanceof Date ? expiresAt.toISOString() : expiresAt,
    rotation_policy: rotationPolicy,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function described(answer: unknown): SecretDescription {
  // The server's own shape, which its declarations promise.
  return answer as SecretDescription;
}

function objectAt(answer: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const value = answer[key];
  return isObject(value) ? value : {};
}

/** A batch says for each secret what the answer to its own request would have said. */
function problemOf(error: unknown): ProblemError {
  const { code, status, detail } = isObject(error) ? error : {};
  return new ProblemError(typeof status === 'number' ? status : 500, {
    type: `urn:coffer:error:${String(code ?? 'unknown')}`,
    detail,
  });
}

function isAboutSecret({ status }: ProblemError): boolean {
  return status >= 400 && status < 500 && status !== 429;
}
