import type { StartServer } from './server-contract.ts';
import { explain, StartProblem } from './start-problem.ts';

/**
 * `coffer start`, `coffer server` and `coffer operator check` (here `check`), whose first word is `argv[0]`. Resolves with the exit code when the server
 * has stopped; what prevents the start is one sentence with a hint on standard error, and 1.
 */
export async function runCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  startServer: StartServer,
): Promise<number> {
  const out = (text: string): void => void process.stdout.write(text);
  // Who reads the banner or the log may go away (`| head -1`); the server stays.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const [command, ...rest] = argv;
  try {
    if (command === 'start') {
      const { runStart } = await import('./local/start-command.ts');
      return await runStart(rest, environment, startServer, out);
    }
    if (command === 'server') {
      const { runServer } = await import('./server/server-command.ts');
      return await runServer(rest, environment, startServer, out);
    }
    if (command === 'check') {
      const { runCheck } = await import('./check/check-command.ts');
      const { stdin: input, stderr: err } = process;
      const code = await runCheck(rest, environment, { input, out, err });
      input.destroy();
      return code;
    }
    if (command === 'validate-config') {
      const { runValidateConfig } = await import('./check/validate-config-command.ts');
      return runValidateConfig(rest, environment, { out, err: (text) => void process.stderr.write(text) });
    }
    throw new StartProblem('there is no such command', 'Use "coffer start" or "coffer server".');
  } catch (error) {
    process.stderr.write(explain(error));
    return 1;
  }
}
