import type { Query } from './client.ts';
import { isObject } from './secret.ts';
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

/** The secrets of one workspace, by name. */
export class SecretsClient {
  readonly #ask: AskPlatform;

  constructor(ask: AskPlatform) {
    this.#ask = ask;
  }

  async create(secret: NewSecret): Promise<SecretDescription> {
    const { name, value } = secret;
    return described(await this.#ask('POST', 'secrets', { body: { name, value, ...wire(secret) } }));
  }

  /** The newest version, or the one asked for. */
  async get(name: string, options: { readonly version?: number } = {}): Promise<SecretValue> {
    const query: Query = options.version === undefined ? {} : { version: String(options.version) };
    return new SecretValue(await this.#ask('GET', `secrets/${name}:value`, { query }));
  }

  /** Several values in one request for each hundred. Throws when one of them cannot be read. */
  async batchGet(names: readonly string[]): Promise<SecretValues> {
    const values: Record<string, unknown> = Object.create(null);
    for (let at = 0; at < names.length; at += 100) {
      const body = { names: names.slice(at, at + 100) };
      const answer = await this.#ask('POST', 'secrets:batch-get', { body });
      const missing = Object.keys(objectAt(answer, 'errors'));
      if (missing.length > 0) throw new Error(`these secrets cannot be read: ${missing.sort().join(', ')}`);
      for (const [name, secret] of Object.entries(objectAt(answer, 'secrets')))
        values[name] = isObject(secret) ? secret['value'] : undefined;
    }
    return secretValues(values);
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
    return described(
      await this.#ask('PATCH', `secrets/${name}`, { body, ...(ifMatch === undefined ? {} : { ifMatch }) }),
    );
  }

  /** To the version before the newest, or the one asked for, as a new version. */
  async rollback(name: string, options: { readonly version?: number } = {}): Promise<SecretDescription> {
    return described(await this.#ask('POST', `secrets/${name}:rollback`, { body: options }));
  }

  async delete(name: string, options: { readonly permanent?: boolean } = {}): Promise<void> {
    const query: Query = options.permanent ? { permanent: 'true' } : {};
    await this.#ask('DELETE', `secrets/${name}`, { query });
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
