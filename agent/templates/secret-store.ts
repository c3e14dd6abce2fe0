import { stringifyJson } from '../../formats/json/index.ts';
import type { Secret } from '../../sdk/secret.ts';
import type { Session } from '../auto-auth/session.ts';
import type { ServerConnection } from '../connection/server-connection.ts';
import { AgentFailure, sentence, statusOf } from '../failure.ts';
import type { AgentLog } from '../log.ts';
import { BackOff, pause } from '../pause.ts';
import { freshFor } from './fresh-for.ts';
import { KvPaths } from './kv-paths.ts';

/** What a template asked for: a read, a write with its data, or a list. */
export interface Wanted {
  readonly kind: 'read' | 'write' | 'list';
  readonly path: string;
  readonly data: Readonly<Record<string, string>>;
}

export interface StoreSettings {
  readonly staticIntervalSeconds: number;
  readonly retries: number;
  readonly exitsOnRetryFailure: boolean;
}

interface Entry {
  readonly key: string;
  readonly wanted: Wanted;
  value: unknown;
  /** As text, to see a change. */
  shown: string | undefined;
  answer: Secret | undefined;
  /** Where it was read in the end, for the events of that place. */
  path: string;
  /** Ends the wait for the next refresh. */
  wake: AbortController;
  loaded: Promise<void>;
}

/** What the templates read, kept fresh while any of them uses it. */
export class SecretStore {
  readonly #connection: ServerConnection;
  readonly #session: Session;
  readonly #settings: StoreSettings;
  readonly #log: AgentLog;
  readonly #signal: AbortSignal;
  readonly #entries = new Map<string, Entry>();
  readonly #paths = new KvPaths();
  /** A secret has changed, or failed for good. */
  onChange: (key: string) => void = () => {};
  onFatal: (error: AgentFailure) => void = () => {};

  constructor(
    connection: ServerConnection,
    session: Session,
    settings: StoreSettings,
    log: AgentLog,
    signal: AbortSignal,
  ) {
    this.#connection = connection;
    this.#session = session;
    this.#settings = settings;
    this.#log = log;
    this.#signal = signal;
    // What was leased to the last token ended with it.
    const stop = session.onToken(() =>
      this.#wake((entry) => isStatic(entry) || entry.answer?.lease_id !== '' || entry.answer.auth !== null),
    );
    signal.addEventListener('abort', stop, { once: true });
  }

  static keyOf(wanted: Wanted): string {
    return JSON.stringify([wanted.kind, wanted.path, wanted.data]);
  }

  /** Undefined when it is not there yet. */
  get(wanted: Wanted): { readonly value: unknown } | undefined {
    const entry = this.#entries.get(SecretStore.keyOf(wanted));
    return entry?.shown === undefined ? undefined : entry;
  }

  /** Resolves when it has been read once; until then it is tried again and again. */
  async load(wanted: Wanted): Promise<void> {
    const key = SecretStore.keyOf(wanted);
    const found = this.#entries.get(key);
    if (found) return found.loaded;
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry: Entry = {
      key,
      wanted,
      value: undefined,
      shown: undefined,
      answer: undefined,
      path: wanted.path,
      wake: new AbortController(),
      loaded: promise,
    };
    this.#entries.set(key, entry);
    void this.#keepFresh(entry, resolve);
    return promise;
  }

  /** Reads again at once what `isMeant` picks, but nothing that would be made anew by reading. */
  refresh(isMeant: (path: string) => boolean): void {
    this.#wake((entry) => isMeant(entry.path) && isStatic(entry));
  }

  #wake(isMeant: (entry: Entry) => boolean): void {
    for (const entry of this.#entries.values()) if (isMeant(entry)) entry.wake.abort();
  }

  /** Forgets what no template uses any more. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, entry] of this.#entries) {
      if (keys.has(key)) continue;
      this.#entries.delete(key);
      entry.wake.abort();
    }
  }

  async #keepFresh(entry: Entry, firstTime: () => void): Promise<void> {
    const isWanted = () => !this.#signal.aborted && this.#entries.get(entry.key) === entry;
    while (isWanted()) {
      const fetched = await this.#fetchPatiently(entry, isWanted);
      if (!fetched) break;
      entry.answer = fetched.answer;
      this.#keep(entry, fetched.value);
      firstTime();
      await this.#whileFresh(entry, fetched.answer);
    }
    firstTime();
  }

  #keep(entry: Entry, value: unknown): void {
    const shown = stringifyJson(withoutRequest(value));
    const isChange = entry.shown !== undefined && entry.shown !== shown;
    entry.value = value;
    entry.shown = shown;
    if (isChange) {
      this.#log.info(`${entry.wanted.path} has changed`);
      this.onChange(entry.key);
    }
  }

  /** Waits, and renews the lease where there is one, until it is time to read again. */
  async #whileFresh(entry: Entry, first: Secret | undefined): Promise<void> {
    let secret = first;
    while (!this.#signal.aborted) {
      const wait = freshFor(secret, this.#settings.staticIntervalSeconds, Date.now());
      const isDue = await pause(wait, AbortSignal.any([this.#signal, entry.wake.signal]));
      if (!isDue) {
        entry.wake = new AbortController();
        return;
      }
      if (!secret?.renewable || secret.lease_id === '') return;
      secret = await this.#renewed(secret);
      if (!secret) return;
    }
  }

  /** Undefined when the lease cannot go on for long, so that a new secret is read. */
  async #renewed(secret: Secret): Promise<Secret | undefined> {
    try {
      const client = this.#connection.client({ token: this.#session.token ?? '' });
      const answer = await client.write('sys/leases/renew', { lease_id: secret.lease_id });
      const isShort = (answer?.lease_duration ?? 0) < secret.lease_duration / 2;
      return isShort ? undefined : { ...secret, lease_duration: answer?.lease_duration ?? 0 };
    } catch (error) {
      this.#log.debug(`lease not renewed: ${sentence(error)}`);
      return undefined;
    }
  }

  async #fetchPatiently(
    entry: Entry,
    isWanted: () => boolean,
  ): Promise<{ value: unknown; answer: Secret } | undefined> {
    const { retries, exitsOnRetryFailure } = this.#settings;
    const backOff = new BackOff(0.25, 60);
    for (let attempt = 0; isWanted(); attempt++) {
      const token = await this.#session.whenToken(this.#signal);
      if (token === undefined) return undefined;
      try {
        return await this.#fetch(entry, token);
      } catch (error) {
        if (statusOf(error) === 403) this.#session.doubt(token);
        const last = retries >= 0 && attempt >= retries;
        if (last && exitsOnRetryFailure) {
          this.onFatal(new AgentFailure(`${entry.wanted.path}: ${sentence(error)}`));
          return undefined;
        }
        const wait = backOff.nextSeconds();
        this.#log.warn(`${entry.wanted.path}: ${sentence(error)}; next try in ${wait.toFixed(2)} s`);
        // A new token, or an event, is a reason to try at once.
        const waited = await pause(wait, AbortSignal.any([this.#signal, entry.wake.signal]));
        if (!waited) entry.wake = new AbortController();
      }
    }
    return undefined;
  }

  async #fetch(entry: Entry, token: string): Promise<{ value: unknown; answer: Secret }> {
    const client = this.#connection.client({ token });
    const { kind, path, data } = entry.wanted;
    const [bare = '', query = ''] = path.split('?', 2);
    entry.path = kind === 'write' ? bare : await this.#paths.resolve(client, bare, kind);
    const parameters = Object.fromEntries(new URLSearchParams(query));
    const answer =
      kind === 'write'
        ? await client.write(entry.path, data)
        : kind === 'list'
          ? await client.list(entry.path, parameters)
          : await client.read(entry.path, parameters);
    if (kind === 'list') {
      const keys = answer?.data?.['keys'];
      return { value: Array.isArray(keys) ? keys : [], answer: answer ?? nothing };
    }
    if (!answer?.data && !answer?.auth && !answer?.wrap_info && kind === 'read')
      throw new Error('no secret exists there');
    return { value: asTemplateSees(answer ?? nothing), answer: answer ?? nothing };
  }
}

/** Reading it again gives the same, and not a new credential. */
function isStatic({ wanted, answer }: Entry): boolean {
  return wanted.kind !== 'write' && (answer === undefined || answer.lease_id === '');
}

const nothing: Secret = {
  request_id: '',
  lease_id: '',
  lease_duration: 0,
  renewable: false,
  data: null,
  warnings: null,
  auth: null,
  wrap_info: null,
};

/** The names of Vault's Go structs. */
function asTemplateSees(secret: Secret): Readonly<Record<string, unknown>> {
  const { auth, wrap_info: wrap } = secret;
  return {
    RequestID: secret.request_id,
    LeaseID: secret.lease_id,
    LeaseDuration: secret.lease_duration,
    Renewable: secret.renewable,
    Data: secret.data,
    Warnings: secret.warnings,
    Auth: auth && {
      ClientToken: auth.client_token,
      Accessor: auth.accessor,
      Policies: auth.policies,
      Metadata: auth.metadata,
      LeaseDuration: auth.lease_duration,
      Renewable: auth.renewable,
    },
    WrapInfo: wrap && {
      Token: wrap.token,
      TTL: wrap.ttl,
      CreationTime: wrap.creation_time,
      WrappedAccessor: wrap.wrapped_accessor,
    },
  };
}

function withoutRequest(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return { ...value, RequestID: undefined };
}
