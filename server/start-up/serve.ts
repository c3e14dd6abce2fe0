import { rmSync, writeFileSync } from 'node:fs';
import { type Clock, systemClock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import type { Configuration } from './configuration/configuration.ts';
import { noticeText } from './configuration/read-configuration.ts';
import { Gate } from './gate.ts';
import { type OpenListeners, openListeners } from './listeners/open-listeners.ts';
import { LogFile, type LogOutput, standardErrorOutput } from './logging/log-file.ts';
import { createServerLog, type ServerLog } from './logging/server-logger.ts';
import { needsRestart } from './needs-restart.ts';
import { apiAddressOf } from './server/banner.ts';
import type { RunningServer, StartServer } from './server-contract.ts';
import { Signals } from './signals.ts';
import { explain, explainDefect, StartProblem } from './start-problem.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ServeOptions {
  readonly configuration: Configuration;
  /** What the files say now, for SIGHUP; throws `ConfigurationError`. */
  reread(): Configuration;
  readonly environment: Environment;
  readonly startServer: StartServer;
  /** Once every address is taken, before storage is touched. */
  prepare?(): Promise<void>;
  /** Before requests are served. */
  initialise?(server: RunningServer): Promise<void>;
  /** Once requests are served. `addresses` has the ports really taken. */
  ready(addresses: readonly string[], server: RunningServer): Promise<void>;
}

/** How long requests in flight may take to end after SIGTERM. */
const drainMs = 10_000;

/**
 * Runs a server until a signal ends it, and returns the exit code. Listens first, so that a taken port changes
 * nothing; answers 503 until the store is open. SIGHUP reloads, SIGTERM and SIGINT drain and stop, a second one
 * stops at once. Throws what prevents the start.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const { configuration } = options;
  const clock = systemClock;
  const log = createLog(configuration, clock);
  const signals = new Signals();
  const stopWatching = watchDefects(log);
  try {
    return await serveUntilSignal(options, log, signals, clock);
  } finally {
    stopWatching();
    signals.close();
    log.close();
    // Whatever still holds the process has had its chance; a timer that is not waited for ends it.
    setTimeout(() => process.exit(), 2000).unref();
  }
}

async function serveUntilSignal(
  options: ServeOptions,
  log: ServerLog,
  signals: Signals,
  clock: Clock,
): Promise<number> {
  const { configuration, environment } = options;
  const { logger } = log;
  for (const warning of configuration.warnings) logger.warn(`configuration: ${noticeText(warning)}`);
  signals.onSecondStop(() => process.exit(1));
  const gate = new Gate();
  const listeners = await openListeners(configuration.listeners, {
    handler: gate.handler,
    logger: logger.named('listener'),
    clock,
  });
  let server: RunningServer | undefined;
  const removePidFile = writePidFile(configuration.pidFile);
  try {
    await options.prepare?.();
    server = await options.startServer({
      configuration,
      logger,
      logLevels: log.levels,
      logFeed: log.feed,
      clock,
      environment,
      listenerAddress: apiAddressOf(configuration.listeners[0], listeners.all[0]?.address),
      onFatal: (error) => endAtOnce(error, log),
    });
    await options.initialise?.(server);
    gate.open(server.handler);
    await options.ready(
      listeners.all.map(({ address }) => address),
      server,
    );
    const running = server;
    signals.onReload(() => reload(options, running, listeners, log));
    await signals.stop;
    logger.info('shutting down', { seconds: drainMs / 1000 });
    await listeners.close(drainMs);
    return (await stopped(server, logger)) ? 0 : 1;
  } catch (error) {
    await listeners.close(0);
    await stopped(server, logger);
    throw error;
  } finally {
    removePidFile();
  }
}

/** A stop that fails is told in the log, so that it hides no reason why the server stops. */
async function stopped(server: RunningServer | undefined, logger: Logger): Promise<boolean> {
  try {
    await server?.stop();
    return true;
  } catch (error) {
    logger.error('the server did not stop as it should', { error: explainDefect(error) });
    return false;
  }
}

function createLog(configuration: Configuration, clock: Clock): ServerLog {
  const { log } = configuration;
  const standardError = standardErrorOutput();
  const outputs: LogOutput[] = [standardError];
  if (log.file !== undefined) {
    const { file } = log;
    try {
      const settings = { ...log, path: file };
      outputs.push(
        new LogFile(settings, clock, (error) =>
          standardError.write(`the log file cannot be written: ${explainDefect(error)}\n`),
        ),
      );
    } catch (error) {
      throw new StartProblem(`the log file ${file} cannot be opened`, 'Choose another log_file.', {
        cause: error,
      });
    }
  }
  return createServerLog({ level: log.level, format: log.format, clock, outputs });
}

function writePidFile(path: string | undefined): () => void {
  if (path === undefined) return () => {};
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    throw new StartProblem(`the pid file ${path} cannot be written`, 'Choose another pid_file.', {
      cause: error,
    });
  }
  return () => rmSync(path, { force: true });
}

/** SIGHUP. What cannot be taken over leaves everything as it was, and is logged. */
async function reload(
  options: ServeOptions,
  server: RunningServer,
  listeners: OpenListeners,
  log: ServerLog,
): Promise<void> {
  let failures = 0;
  const attempt = async (what: string, action: () => void | Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      failures++;
      log.logger.error(`reload: ${what}: ${explain(error).replace('Coffer cannot start: ', '').trim()}`);
    }
  };
  log.logger.info('reloading');
  log.reopen();
  await attempt('certificates', () => listeners.reload());
  await attempt('configuration', async () => {
    const configuration = options.reread();
    log.setLevel(configuration.log.level);
    await server.reload(configuration);
    const names = needsRestart(options.configuration, configuration);
    if (names.length > 0)
      log.logger.warn('reload: changed settings take effect at the next restart', {
        settings: names.join(', '),
      });
  });
  if (failures === 0) log.logger.info('reloaded', { level: log.level() });
  else log.logger.warn('reloaded in part: what failed stays as it was', { failures });
}

/** Nothing more can be trusted: no draining, no more writes. */
function endAtOnce(error: Error, log: ServerLog): never {
  log.logger.error(`stopping at once: ${error.message}`);
  process.exit(1);
}

function watchDefects(log: ServerLog): () => void {
  const onDefect = (error: unknown): void => {
    log.logger.error('stopping because of an unexpected error', { error: explainDefect(error) });
    process.exit(1);
  };
  process.on('uncaughtException', onDefect);
  process.on('unhandledRejection', onDefect);
  return () => {
    process.off('uncaughtException', onDefect);
    process.off('unhandledRejection', onDefect);
  };
}
