import type { AutoAuthSettings, SinkSettings } from '../configuration/configuration.ts';
import type { ServerConnection } from '../connection/server-connection.ts';
import { AgentFailure, sentence, statusOf } from '../failure.ts';
import type { AgentLog } from '../log.ts';
import { BackOff, pause } from '../pause.ts';
import { writeWhole } from '../write-file.ts';
import { fromAuth, type Kept, type Login, logIn } from './log-in.ts';

/** What a session leaves to the next one, at a reload of the configuration. */
export class SessionMemory {
  readonly kept: Kept = new Map();
  /** The last login, and the method that it was made by. */
  login: { readonly login: Login; readonly madeAt: number; readonly method: string } | undefined;
}

/** Keeps a token: logs in, renews, and logs in again when the token is no longer taken. */
export class Session {
  readonly #connection: ServerConnection;
  readonly #settings: AutoAuthSettings;
  readonly #log: AgentLog;
  readonly #memory: SessionMemory;
  readonly #listeners = new Set<(token: string) => void>();
  #token: string | undefined;
  #wake: AbortController = new AbortController();

  constructor(
    connection: ServerConnection,
    settings: AutoAuthSettings,
    log: AgentLog,
    memory: SessionMemory,
  ) {
    this.#memory = memory;
    this.#connection = connection;
    this.#settings = settings;
    this.#log = log;
  }

  /** Undefined before the first login, and while the agent knows that the last token is dead. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Called with every new token; the returned function ends that. */
  onToken(listener: (token: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The token, once there is one; undefined when `signal` ends first. */
  async whenToken(signal: AbortSignal): Promise<string | undefined> {
    if (this.#token !== undefined || signal.aborted) return this.#token;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const stop = this.onToken(resolve);
    const end = () => resolve(undefined);
    signal.addEventListener('abort', end, { once: true });
    try {
      return await promise;
    } finally {
      stop();
      signal.removeEventListener('abort', end);
    }
  }

  /** Somebody was refused with this token: the agent looks whether it still lives. */
  doubt(token: string): void {
    if (token === this.#token) this.#wake.abort();
  }

  /** Runs until `signal` ends. Throws `AgentFailure` where the settings say that a failed login ends the agent. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const login = this.#remembered() ?? (await this.#logInPatiently(signal));
      if (!login) return;
      this.#wake = new AbortController();
      await this.#writeSinks(login.token);
      this.#token = login.token;
      for (const listener of this.#listeners) listener(login.token);
      await this.#keepAlive(login, signal);
      if (signal.aborted) return;
      this.#memory.login = undefined;
      this.#token = undefined;
    }
  }

  /** The token of before a reload: a secret id may have been good for one login only. */
  #remembered(): Login | undefined {
    const last = this.#memory.login;
    if (last?.method !== JSON.stringify(this.#settings.method)) return undefined;
    const { login, madeAt } = last;
    if (login.ttlSeconds === 0) return login;
    const ttlSeconds = login.ttlSeconds - (Date.now() - madeAt) / 1000;
    return ttlSeconds > 0 ? { ...login, ttlSeconds } : undefined;
  }

  #remember(login: Login): void {
    const method = JSON.stringify(this.#settings.method);
    this.#memory.login = { login, madeAt: Date.now(), method };
  }

  async #logInPatiently(signal: AbortSignal): Promise<Login | undefined> {
    const { method } = this.#settings;
    const backOff = new BackOff(method.minBackoffSeconds, method.maxBackoffSeconds);
    while (!signal.aborted) {
      try {
        this.#log.info(`authenticating by ${method.type} at ${method.mountPath}`);
        const login = await logIn(this.#connection, method, this.#memory.kept);
        this.#remember(login);
        this.#log.info('authentication successful');
        return login;
      } catch (error) {
        if (method.exitOnError) throw new AgentFailure(`error authenticating: ${sentence(error)}`);
        const wait = backOff.nextSeconds();
        this.#log.error(`error authenticating: ${sentence(error)}; next try in ${wait.toFixed(1)} s`);
        await pause(wait, signal);
      }
    }
    return undefined;
  }

  async #writeSinks(token: string): Promise<void> {
    for (const sink of this.#settings.sinks) {
      try {
        const text =
          sink.wrapTtlSeconds === undefined ? token : await this.#wrapped(token, sink.wrapTtlSeconds);
        await writeWhole(sink.path, text, { mode: sink.mode });
        this.#log.info(`token written to ${sink.path}`);
      } catch (error) {
        this.#log.error(`token not written to ${sink.path}: ${sentence(error)}`);
      }
    }
  }

  async #wrapped(token: string, ttlSeconds: SinkSettings['wrapTtlSeconds']): Promise<string> {
    const client = this.#connection.client({
      token,
      namespace: this.#settings.method.namespace,
      wrapTtl: `${ttlSeconds}s`,
    });
    const answer = await client.write('sys/wrapping/wrap', { token });
    if (!answer?.wrap_info) throw new Error('the server wrapped nothing');
    return JSON.stringify(answer.wrap_info);
  }

  /** Resolves when the token is dead or soon will be. */
  async #keepAlive(login: Login, signal: AbortSignal): Promise<void> {
    let { ttlSeconds, renewable } = login;
    let endsAt = ttlSeconds === 0 ? Number.POSITIVE_INFINITY : Date.now() + ttlSeconds * 1000;
    const backOff = new BackOff(1, 60);
    let next = (endsAt - Date.now()) * (2 / 3);
    while (!signal.aborted) {
      const isDue = await pause(next / 1000, AbortSignal.any([signal, this.#wake.signal]));
      if (signal.aborted) return;
      this.#wake = new AbortController();
      if (isDue && !renewable && Number.isFinite(endsAt)) return;
      try {
        const client = this.#connection.client({
          token: login.token,
          namespace: this.#settings.method.namespace,
        });
        if (isDue && renewable) {
          const auth = (await client.write('auth/token/renew-self', {}))?.auth;
          if (!auth) return;
          // A token near its maximum gets less and less: then a new one is better.
          if (auth.lease_duration < ttlSeconds / 2) return;
          ({ ttlSeconds, renewable } = fromAuth(auth));
          this.#remember({ ...login, ttlSeconds, renewable });
          endsAt = ttlSeconds === 0 ? Number.POSITIVE_INFINITY : Date.now() + ttlSeconds * 1000;
          this.#log.debug('token renewed');
        } else await client.read('auth/token/lookup-self');
        backOff.reset();
        next = (endsAt - Date.now()) * (2 / 3);
      } catch (error) {
        const status = statusOf(error);
        if (status === 403 || status === 400 || status === 404) {
          this.#log.warn('the token is not taken any more; logging in again');
          return;
        }
        if (Date.now() >= endsAt) return;
        this.#log.warn(`token not renewed: ${sentence(error)}`);
        next = backOff.nextSeconds() * 1000;
      }
    }
  }
}
