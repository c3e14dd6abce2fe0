import { Session, type SessionMemory } from './auto-auth/session.ts';
import type { AgentConfiguration } from './configuration/configuration.ts';
import { ServerConnection } from './connection/server-connection.ts';
import { Supervisor } from './exec/supervisor.ts';
import { sentence } from './failure.ts';
import type { AgentLog } from './log.ts';
import { openListener } from './proxy/listener.ts';
import { watchEvents } from './templates/event-watch.ts';
import { SecretStore } from './templates/secret-store.ts';
import { TemplateRunner } from './templates/template-runner.ts';

/** What one configuration makes run, from its reading to the next reload. */
export interface GenerationOptions {
  readonly configuration: AgentConfiguration;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: AgentLog;
  readonly exitAfterAuth: boolean;
  readonly signal: AbortSignal;
  readonly memory: SessionMemory;
  /** After a reload a template that cannot be rendered is logged, and does not end the agent. */
  readonly isReload: boolean;
}

/**
 * Runs until `signal` ends, the supervised program ends, or (with `exitAfterAuth`) everything was written once. Resolves
 * with the exit code. Throws `AgentFailure`.
 */
export async function runGeneration(options: GenerationOptions): Promise<number> {
  const { configuration, log } = options;
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  const connection = new ServerConnection(configuration.server);
  const { autoAuth } = configuration;
  const session = autoAuth && new Session(connection, autoAuth, log, options.memory);
  const listeners: { close(): Promise<void> }[] = [];
  try {
    for (const settings of options.exitAfterAuth ? [] : configuration.listeners) {
      listeners.push(await openListener(settings, connection, session, configuration.proxyToken));
      log.info(`listening at ${settings.address}`);
    }
    const ended = Promise.withResolvers<number>();
    const stop = () => ended.resolve(0);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    if (session) {
      session.run(signal).catch(ended.reject);
      const work = runWork(options, connection, session, signal, ended.reject);
      work.then((code) => code !== undefined && ended.resolve(code), ended.reject);
      const code = await ended.promise;
      own.abort();
      // The program is stopped before the agent is.
      await work.catch(() => {});
      return code;
    }
    return await ended.promise;
  } finally {
    own.abort();
    await Promise.all(listeners.map((listener) => listener.close()));
    connection.close();
  }
}

/** Undefined when there is nothing that ends by itself. */
async function runWork(
  options: GenerationOptions,
  connection: ServerConnection,
  session: Session,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): Promise<number | undefined> {
  const { configuration, log, environment, exitAfterAuth } = options;
  const { templates, envTemplates, exec } = configuration;
  const settings = { ...configuration.templateConfig, retries: configuration.server.retries };
  const store = new SecretStore(connection, session, settings, log, signal);
  store.onFatal = fail;
  const runner = new TemplateRunner(templates, store, environment, log, signal);
  const supervisor =
    exec && !exitAfterAuth ? new Supervisor(exec, envTemplates, store, environment, log) : undefined;
  store.onChange = (key) => {
    runner.changed(key);
    supervisor?.changed(key);
  };
  runner.onRendered = () => store.keepOnly(new Set([...runner.used, ...(supervisor?.used ?? [])]));
  await session.whenToken(signal);
  if (signal.aborted) return undefined;
  const first = runner.renderAll().catch((error: unknown) => {
    if (!options.isReload) throw error;
    log.error(sentence(error));
  });
  if (exitAfterAuth) {
    await first;
    return 0;
  }
  if (templates.length + envTemplates.length > 0)
    watchEvents(connection, session, log, (isMeant) => store.refresh(isMeant), signal).catch(fail);
  await first;
  return supervisor?.run(signal);
}
