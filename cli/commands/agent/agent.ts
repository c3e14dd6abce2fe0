import { ConfigurationError } from '../../../agent/configuration/read-configuration.ts';
import { AgentFailure } from '../../../agent/failure.ts';
import { runAgent } from '../../../agent/run-agent.ts';
import { Failure } from '../../failure.ts';
import type { Run } from '../../run.ts';

/** Runs the agent until it ends; its log goes to standard error, so that standard output is its program's. */
export async function agent(run: Run): Promise<number> {
  const configPaths = (run.flags.has('config') ? run.flags.list('config') : undefined) ?? [];
  if (configPaths.length === 0) throw new Failure(1, 'Must specify at least one config path using -config');
  try {
    return await runAgent({
      configPaths,
      environment: { ...run.environment },
      exitAfterAuth: run.flags.on('exit-after-auth'),
      logLevel: run.flags.has('log-level') ? run.flags.text('log-level') : undefined,
      write: (text) => run.terminal.err(text),
    });
  } catch (error) {
    if (error instanceof ConfigurationError || error instanceof AgentFailure)
      throw new Failure(1, error.message);
    throw error;
  }
}
