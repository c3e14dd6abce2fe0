import fs from 'node:fs';
import { SessionMemory } from './auto-auth/session.ts';
import type { AgentConfiguration } from './configuration/configuration.ts';
import { readAgentConfiguration } from './configuration/read-configuration.ts';
import { AgentFailure } from './failure.ts';
import { runGeneration } from './generation.ts';
import { AgentLog, readLogLevel } from './log.ts';
import { checkTemplate } from './templates/rendering.ts';

export interface AgentOptions {
  readonly configPaths: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly exitAfterAuth: boolean;
  /** Wins over the configuration's. */
  readonly logLevel: string | undefined;
  /** Where lines of the log go. */
  readonly write: (text: string) => void;
}

/**
 * Runs an agent until it is told to stop (SIGTERM, SIGINT), its program ends, or everything was written once. SIGHUP reads
 * the configuration again; one that is wrong changes nothing. Resolves with the exit code; throws
 * `ConfigurationError` and `AgentFailure`.
 */
export async function runAgent(options: AgentOptions): Promise<number> {
  let configuration = readChecked(options);
  const log = new AgentLog(levelOf(options, configuration), options.write);
  const memory = new SessionMemory();
  const stopping = new AbortController();
  let reloading = new AbortController();
  const stop = () => stopping.abort();
  const reload = () => {
    try {
      const next = readChecked(options);
      log.level = levelOf(options, next);
      configuration = next;
      log.info('configuration read again');
      reloading.abort();
    } catch (error) {
      log.error(`configuration not changed: ${error instanceof Error ? error.message : 'unreadable'}`);
    }
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', reload);
  const pidFile = writePidFile(configuration);
  try {
    for (let isReload = false; ; isReload = true) {
      reloading = new AbortController();
      const code = await runGeneration({
        configuration,
        environment: options.environment,
        log,
        exitAfterAuth: options.exitAfterAuth || configuration.exitAfterAuth,
        memory,
        isReload,
        signal: AbortSignal.any([stopping.signal, reloading.signal]),
      });
      if (stopping.signal.aborted || !reloading.signal.aborted) return code;
    }
  } finally {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    process.off('SIGHUP', reload);
    if (pidFile !== undefined) fs.rmSync(pidFile, { force: true });
  }
}

function readChecked({ configPaths, environment }: AgentOptions): AgentConfiguration {
  const configuration = readAgentConfiguration(configPaths, environment);
  for (const template of [...configuration.templates, ...configuration.envTemplates]) checkTemplate(template);
  return configuration;
}

function levelOf(options: AgentOptions, configuration: AgentConfiguration): AgentLog['level'] {
  const level = readLogLevel(options.logLevel ?? configuration.logLevel ?? 'info');
  if (!level) throw new AgentFailure('the log level must be trace, debug, info, warn or error');
  return level;
}

function writePidFile({ pidFile }: AgentConfiguration): string | undefined {
  if (pidFile === undefined) return undefined;
  try {
    fs.writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new AgentFailure(`cannot write the pid file ${pidFile}: ${code}`);
  }
  return pidFile;
}
