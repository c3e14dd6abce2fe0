import { Failure } from '../../failure.ts';
import type { Run } from '../../run.ts';
import { ChildProgram } from './child-program.ts';
import { SecretChoice } from './chosen-secrets.ts';
import { environmentOf, environmentWithoutTokens } from './environment.ts';
import { pause, watchIntervalMs } from './watching.ts';

/** Ends with the exit code of the command, or with 128 and the number of the signal that ended it. */
export async function run(given: Run): Promise<number> {
  const spec = given.flags.text('spec');
  if (spec !== undefined) return (await import('./deployment/run-deployment.ts')).runDeployment(given, spec);
  if (given.flags.given('container')) throw new Failure(1, '-container chooses in the file of -spec');
  const [program, ...args] = given.words;
  if (program === undefined)
    throw new Failure(1, 'Not enough arguments (expected a command to run, after --, got 0)');
  const choice = await SecretChoice.of(given);
  const start = async () => {
    const secrets = await choice.read();
    const variables = environmentOf(secrets);
    const environment = environmentWithoutTokens(given);
    for (const [name, text] of variables) environment[name] = text;
    const masked = given.flags.on('mask') ? variables.values() : undefined;
    const child = ChildProgram.start(program, args, environment, masked);
    return { child, versions: new Map(secrets.map(({ name, version }) => [name, version])) };
  };
  let { child, versions } = await start();
  if (!given.flags.on('watch')) return child.ended;
  const intervalMs = watchIntervalMs(given);
  for (;;) {
    const code = await Promise.race([child.ended, pause(intervalMs)]);
    if (code !== undefined) return code;
    const newer = await changed(given, choice, versions);
    if (newer === undefined) continue;
    given.terminal.err(`coffer: ${newer.join(', ')} changed; starting ${program} again\n`);
    const stopped = await child.stop();
    // The command was ended by somebody else meanwhile: that is its end.
    if (child.wasSignalled) return stopped;
    ({ child, versions } = await start());
  }
}

/** Names whose version is another than the command has; undefined when there are none, or nobody can tell now. */
async function changed(
  given: Run,
  choice: SecretChoice,
  before: ReadonlyMap<string, number>,
): Promise<string[] | undefined> {
  try {
    const now = await choice.versions();
    const names = new Set([...before.keys(), ...now.keys()]);
    const newer = [...names].filter((name) => before.get(name) !== now.get(name)).sort();
    return newer.length > 0 ? newer : undefined;
  } catch (error) {
    // The command goes on with what it has; the server may be back at the next look.
    if (!(error instanceof Failure)) throw error;
    given.terminal.err(`coffer: cannot look for new versions: ${error.message}\n`);
    return undefined;
  }
}
