import { readConfiguration } from '../configuration/read-configuration.ts';
import { knownPlugins } from '../known-plugins.ts';
import { describeFlags, type FlagDeclarations, parseFlags } from '../parse-flags.ts';
import { explain, StartProblem } from '../start-problem.ts';

const flags: FlagDeclarations = {
  config: {
    kind: 'texts',
    value: 'PATH',
    description: 'Configuration to read (file or folder); may be repeated.',
  },
};

const help = `Usage: coffer operator validate-config -config=PATH

Reads a server's configuration as the server would and says what is wrong with it. Nothing is started, and neither
storage nor keys are touched.

Exit code: 0 it can be used, 1 it cannot.

Flags:
${describeFlags(flags)}`;

/** `coffer operator validate-config`. Returns the exit code. */
export function runValidateConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { out, err }: { readonly out: (text: string) => void; readonly err: (text: string) => void },
): number {
  try {
    const given = parseFlags(argv, flags, environment);
    if (given.isHelp) {
      out(help);
      return 0;
    }
    const paths = given.texts('config');
    if (paths.length === 0) throw new StartProblem('no configuration is named', 'Write -config=FILE.');
    const { warnings } = readConfiguration({
      texts: [],
      paths,
      environment,
      plugins: knownPlugins(),
      overrides: {},
    });
    for (const warning of warnings) err(`Warning: ${String(warning)}\n`);
    out('Success! The configuration can be used.\n');
    return 0;
  } catch (error) {
    err(explain(error).replace('Coffer cannot start', 'The configuration cannot be read'));
    return 1;
  }
}
