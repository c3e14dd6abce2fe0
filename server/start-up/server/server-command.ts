import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../contracts/clock.ts';
import { type OverridableKey, readConfiguration } from '../configuration/read-configuration.ts';
import { makeDevelopmentCertificate } from '../development/development-certificate.ts';
import { knownPlugins } from '../known-plugins.ts';
import { makeWorkspaces, mountSecrets } from '../local/first-start.ts';
import { tokenFileOf } from '../local/places.ts';
import { describeFlags, type ParsedFlags, parseFlags } from '../parse-flags.ts';
import { programVersion } from '../program-version.ts';
import { writeSecretFile } from '../secret-file.ts';
import { serve } from '../serve.ts';
import type { RunningServer, StartServer } from '../server-contract.ts';
import { StartProblem } from '../start-problem.ts';
import { apiAddressOf, developmentBanner, serverBanner } from './banner.ts';
import { developmentFlags, serverFlags } from './server-flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export const serverHelp = `Usage: coffer server [flags]

Runs a Coffer server with a configuration in Vault's format, or a development server. A server with a new store
is initialised by "coffer operator init" and, unless its seal is automatic, unsealed by "coffer operator unseal".

Examples:
  coffer server -config=/etc/coffer/coffer.hcl
  coffer server -dev -dev-root-token-id=root

SIGHUP reads certificates and log level again and reopens log and audit files. SIGTERM lets requests finish and
stops; a second one stops at once.

Flags:
${describeFlags(serverFlags)}
Flags of the development server:
${describeFlags(developmentFlags)}`;

/** `coffer server`. Returns the exit code; throws what prevents the start. */
export async function runServer(
  argv: readonly string[],
  environment: Environment,
  startServer: StartServer,
  out: (text: string) => void,
): Promise<number> {
  const flags = parseFlags(argv, { ...serverFlags, ...developmentFlags }, environment);
  if (flags.isHelp) {
    out(serverHelp);
    return 0;
  }
  const isDevelopment = ['dev', 'dev-tls', 'dev-kv-v1', 'dev-no-kv', 'dev-workspaces'].some((name) =>
    flags.isOn(name),
  );
  const paths = flags.texts('config');
  if (!isDevelopment && paths.length === 0) {
    throw new StartProblem(
      'Must specify at least one config path using -config',
      'Write -config=FILE, or -dev for a development server, or use "coffer start".',
    );
  }
  const development = isDevelopment ? await prepareDevelopment(flags, environment) : undefined;
  const read = () =>
    readConfiguration({
      texts: development ? [{ name: '-dev', text: development.text }] : [],
      paths,
      environment,
      plugins: knownPlugins(),
      overrides: overridesOf(flags),
    });
  const configuration = development ? { ...read(), warnings: [] } : read();
  let unsealed: Unsealed | undefined;
  return serve({
    configuration,
    reread: read,
    environment,
    startServer,
    initialise: async (server) => {
      if (development) unsealed = await initialiseDevelopment(server, flags);
    },
    ready: async (addresses) => {
      out(`\n${serverBanner(configuration, addresses, programVersion())}`);
      if (!development || !unsealed) return;
      if (!flags.isOn('dev-no-store-token')) storeToken(environment, unsealed.rootToken);
      const address = apiAddressOf(configuration.listeners[0], addresses[0]) ?? '';
      out(developmentBanner({ address, authorityFile: development.authorityFile, ...unsealed }));
    },
  });
}

interface Development {
  /** A configuration, JSON. */
  readonly text: string;
  readonly authorityFile: string | undefined;
}

interface Unsealed {
  readonly unsealKey: string;
  readonly rootToken: string;
}

async function prepareDevelopment(flags: ParsedFlags, environment: Environment): Promise<Development> {
  const address = flags.text('dev-listen-address') ?? '127.0.0.1:8200';
  const files = flags.isOn('dev-tls') ? await writeCertificate(flags, address) : undefined;
  const tls = files ? { tls_cert_file: files.certificate, tls_key_file: files.key } : { tls_disable: true };
  const text = JSON.stringify({ storage: { inmem: {} }, listener: { tcp: { address, ...tls } } });
  if (!flags.isOn('dev-no-store-token')) tokenFileOf(environment);
  return { text, authorityFile: files?.authority };
}

async function writeCertificate(
  flags: ParsedFlags,
  address: string,
): Promise<{ certificate: string; key: string; authority: string }> {
  const chosen = flags.text('dev-tls-cert-dir');
  const folder = chosen === undefined ? mkdtempSync(join(tmpdir(), 'coffer-tls-')) : resolve(chosen);
  const host = address.replace(/:\d+$/, '').replaceAll(/[[\]]/g, '');
  const names = new Set([
    'localhost',
    '127.0.0.1',
    '::1',
    ...flags.texts('dev-tls-san').flatMap((text) => text.split(',')),
  ]);
  if (host !== '' && host !== '0.0.0.0' && host !== '::') names.add(host);
  const made = await makeDevelopmentCertificate([...names], systemClock.now());
  const files = {
    authority: join(folder, 'vault-ca.pem'),
    certificate: join(folder, 'vault-cert.pem'),
    key: join(folder, 'vault-key.pem'),
  };
  try {
    writeSecretFile(files.authority, made.authority);
    writeSecretFile(files.certificate, made.certificate);
    writeSecretFile(files.key, made.privateKey);
  } catch (error) {
    throw new StartProblem(
      `the folder ${folder} cannot be written`,
      'Choose another with -dev-tls-cert-dir.',
      { cause: error },
    );
  }
  return files;
}

async function initialiseDevelopment(server: RunningServer, flags: ParsedFlags): Promise<Unsealed> {
  const rootToken = flags.text('dev-root-token-id');
  const made = await server.lifecycle.initialize({
    shares: 1,
    threshold: 1,
    ...(rootToken === undefined ? {} : { rootToken }),
  });
  const unsealKey = made.keysBase64[0] ?? '';
  const { sealed } = await server.lifecycle.status();
  if (sealed) await server.lifecycle.unseal(unsealKey);
  if (!flags.isOn('dev-no-kv'))
    await mountSecrets(server, made.rootToken, flags.isOn('dev-kv-v1') ? '1' : '2');
  if (flags.isOn('dev-workspaces')) await makeWorkspaces(server, made.rootToken);
  return { unsealKey, rootToken: made.rootToken };
}

function storeToken(environment: Environment, token: string): void {
  try {
    writeSecretFile(tokenFileOf(environment), token);
  } catch (error) {
    throw new StartProblem('the root token cannot be stored in ~/.coffer-token', 'Use -dev-no-store-token.', {
      cause: error,
    });
  }
}

/** Flags whose name is a key of the configuration win over files and environment. */
function overridesOf(flags: ParsedFlags): Partial<Record<OverridableKey, string>> {
  const overrides: Partial<Record<OverridableKey, string>> = {};
  const keys = [
    'log_level',
    'log_format',
    'log_file',
    'log_rotate_bytes',
    'log_rotate_duration',
    'log_rotate_max_files',
  ] as const;
  for (const key of keys) {
    const text = flags.text(key.replaceAll('_', '-'));
    if (text !== undefined) overrides[key] = text;
  }
  return overrides;
}
