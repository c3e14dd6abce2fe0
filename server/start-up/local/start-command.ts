import { resolve } from 'node:path';
import { SealError } from '../../contracts/seal.ts';
import { readConfiguration } from '../configuration/read-configuration.ts';
import { knownPlugins } from '../known-plugins.ts';
import { describeFlags, type FlagDeclarations, parseFlags } from '../parse-flags.ts';
import { serve } from '../serve.ts';
import type { StartServer } from '../server-contract.ts';
import { StartProblem } from '../start-problem.ts';
import { completeFirstStart, type FirstStart } from './first-start.ts';
import { findInstallation, type Installation, prepareInstallation } from './installation.ts';
import { dataFolderOf, tokenFileOf } from './places.ts';
import { programWord, welcome } from './welcome.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const flags: FlagDeclarations = {
  address: {
    kind: 'text',
    value: 'HOST:PORT',
    description: 'Listen here instead of 127.0.0.1:8200.',
  },
  data: {
    kind: 'text',
    value: 'FOLDER',
    description:
      'The data folder; otherwise COFFER_DATA, or coffer in the usual place for data (~/.local/share).',
  },
  'key-file': {
    kind: 'text',
    value: 'FILE',
    description: 'The file of the key, outside of the data folder; otherwise one below ~/.config/coffer.',
  },
  'log-level': {
    kind: 'text',
    value: 'LEVEL',
    description: 'trace, debug, info, warn (the default) or error.',
    variable: 'LOG_LEVEL',
  },
  'log-format': { kind: 'text', value: 'FORMAT', description: 'standard or json.', variable: 'LOG_FORMAT' },
};

export const startHelp = `Usage: coffer start [flags]

Runs Coffer on this machine with an encrypted store of its own. The first time it makes the store and its
key, and logs you in; after that it simply starts, unsealed, with everything still there.

Examples:
  coffer start
  coffer start -data=/srv/coffer -address=127.0.0.1:8300

For production, with TLS and a key of your own: coffer server -config=FILE

Flags:
${describeFlags(flags)}`;

/** `coffer start`. Returns the exit code; throws what prevents the start. */
export async function runStart(
  argv: readonly string[],
  environment: Environment,
  startServer: StartServer,
  out: (text: string) => void,
): Promise<number> {
  const given = parseFlags(argv, flags, environment);
  if (given.isHelp) {
    out(startHelp);
    return 0;
  }
  const dataFolder = dataFolderOf(given.text('data'), environment);
  const keyFile = given.text('key-file');
  const installation = findInstallation(
    dataFolder,
    keyFile === undefined ? undefined : resolve(keyFile),
    environment,
  );
  const address = given.text('address') ?? '127.0.0.1:8200';
  const level = given.text('log-level') ?? 'warn';
  const format = given.text('log-format') ?? 'standard';
  const text = configurationText(installation, address);
  const read = () =>
    readConfiguration({
      texts: [{ name: '-address', text }],
      paths: [],
      environment: {},
      plugins: knownPlugins(),
      overrides: { log_level: level, log_format: format },
    });
  const tokenFile = tokenFileOf(environment);
  let start: FirstStart;
  return serve({
    configuration: read(),
    reread: read,
    environment,
    startServer: (options) =>
      startServer(options).catch((error: unknown) => Promise.reject(explained(error, installation))),
    prepare: () => prepareInstallation(installation),
    initialise: async (server) => {
      start = await completeFirstStart(server, installation, tokenFile);
    },
    ready: async ([listening = address]) => {
      const program = programWord(process.argv[1] ?? '', process.cwd());
      const isExposed = !/^(127\.|\[::1\])/.test(listening);
      const url = `http://${listening.replace(/^(0\.0\.0\.0|\[::\])/, '127.0.0.1')}`;
      out(welcome({ address: url, installation, tokenFile, start, environment, program, isExposed }));
    },
  });
}

function configurationText({ dataFolder, keyFile }: Installation, address: string): string {
  return JSON.stringify({
    storage: { sqlite: { path: dataFolder, exclusive: true } },
    listener: { tcp: { address, tls_disable: true } },
    seal: { static: keyFile === undefined ? {} : { key_file: keyFile } },
  });
}

/** The seal knows which key it was given, and here is known whose data it is. */
function explained(error: unknown, { dataFolder, keyFile }: Installation): unknown {
  if (!(error instanceof SealError) || error.kind !== 'wrong-key') return error;
  const key = keyFile === undefined ? 'the key in COFFER_SECRET_ENCRYPTION_KEY' : `the key in ${keyFile}`;
  return new StartProblem(
    `${key} is not the one that the data in ${dataFolder} was encrypted with`,
    'Put the right key there, or name it with -key-file. To begin anew, move the data folder away.',
    { cause: error },
  );
}
