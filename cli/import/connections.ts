import fs from 'node:fs';
import { Flags, type FlagValue } from '../arguments/parse-flags.ts';
import { nodeTransport } from '../connection/node-transport.ts';
import { Failure, reasonOf } from '../failure.ts';
import { connectionFlags } from '../global-flags.ts';
import { asFailure, type Run } from '../run.ts';
import { type Connection, type Environment, fromEnvironment, readConnection } from '../settings.ts';
import { readStoredToken } from '../token-file.ts';
import { patientTransport } from './patient-transport.ts';
import { Peer } from './peer.ts';

export interface Peers {
  readonly source: Peer;
  readonly target: Peer;
  close(): void;
}

const firstWaitMilliseconds = 200;
const sourceFlags = [
  'address',
  'namespace',
  'ca-cert',
  'ca-path',
  'client-cert',
  'client-key',
  'tls-server-name',
];
const targetFlags = ['address', 'namespace', 'ca-cert'];

/**
 * The two servers, both answering and both with a token that they know. The source is named by flags or the variables of Vault
 * and OpenBao, the target by `-target-…` or Coffer's variables; neither ever falls back on the other's.
 */
export async function importPeers(run: Run, retries: number): Promise<Peers> {
  const ofSource = onlyVariables(run.environment, ['VAULT_', 'BAO_']);
  const ofTarget = onlyVariables(run.environment, ['COFFER_']);
  const source = readConnection(flagsFor(run, sourceFlags, ''), ofSource);
  const target = readConnection(flagsFor(run, targetFlags, 'target-'), ofTarget);
  if (!run.flags.given('address') && fromEnvironment(ofSource, 'ADDR') === undefined)
    throw new Failure(1, 'Which server is to be copied? Name it with -address.');
  const tokens = { source: await sourceToken(run, ofSource), target: targetToken(run, ofTarget) };
  const networks = [nodeTransport(source), nodeTransport(target)] as const;
  const peer = (connection: Connection, network: (typeof networks)[number], token: string): Peer =>
    new Peer({
      address: connection.address.replace(/\/+$/, ''),
      namespace: connection.namespace,
      token,
      timeoutMilliseconds: connection.timeoutMilliseconds,
      transport: patientTransport(network.send, { retries, firstWaitMilliseconds, wait }),
    });
  const peers = {
    source: peer(source, networks[0], tokens.source),
    target: peer(target, networks[1], tokens.target),
    close: () => {
      for (const network of networks) network.close();
    },
  };
  try {
    await check(peers, source, target);
  } catch (error) {
    peers.close();
    throw error;
  }
  return peers;
}

async function check({ source, target }: Peers, from: Connection, to: Connection): Promise<void> {
  for (const [name, peer] of [
    ['source', source],
    ['target', target],
  ] as const) {
    try {
      await peer.read('', 'auth/token/lookup-self');
    } catch (error) {
      throw asFailure(`The ${name} ${peer.address} cannot be used`, error);
    }
  }
  const identities = await Promise.all([source, target].map(identityOf));
  if (identities[0] !== undefined && identities[0] === identities[1] && from.namespace === to.namespace)
    throw new Failure(
      1,
      'The source and the target are the same server.',
      'Name the target with -target-address.',
    );
}

/** Undefined where the server does not say. */
async function identityOf(peer: Peer): Promise<string | undefined> {
  const answer = await peer
    .readPlain('sys/health', { standbyok: 'true', perfstandbyok: 'true' })
    .catch(() => undefined);
  const id = answer?.['cluster_id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function onlyVariables(environment: Environment, prefixes: readonly string[]): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix))),
  );
}

function flagsFor(run: Run, names: readonly string[], prefix: string): Flags {
  const values = new Map<string, FlagValue>();
  for (const name of names) {
    const value = run.flags.text(prefix + name);
    if (value !== undefined) values.set(name, value);
  }
  const skipVerify = prefix === '' ? run.flags.boolean('tls-skip-verify') : undefined;
  if (skipVerify !== undefined) values.set('tls-skip-verify', skipVerify);
  return new Flags(connectionFlags, values);
}

/** Never from an argument, where other processes could read it. */
async function sourceToken(run: Run, environment: Environment): Promise<string> {
  const file = run.flags.text('token-file');
  if (file === '-') return firstLine(run.terminal.readInput());
  if (file !== undefined) {
    try {
      return firstLine(fs.readFileSync(file, 'utf8'));
    } catch (error) {
      throw new Failure(1, `cannot read the token file ${file}: ${reasonOf(error)}`);
    }
  }
  const token = fromEnvironment(environment, 'TOKEN')?.trim();
  if (token !== undefined) return token;
  if (run.terminal.inIsTerminal && !run.flags.on('non-interactive'))
    return run.terminal.askHidden('Token of the source (will be hidden): ', 'err');
  throw new Failure(1, 'There is no token for the source.', 'Give it with -token-file, or in VAULT_TOKEN.');
}

function targetToken(run: Run, environment: Environment): string {
  const token = fromEnvironment(environment, 'TOKEN')?.trim() ?? readStoredToken(run.environment);
  if (token !== undefined && token !== '') return token;
  throw new Failure(
    1,
    'There is no token for the target.',
    'Log in to it with `coffer login`, or set COFFER_TOKEN.',
  );
}

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0]?.trim() ?? '';
  if (line === '') throw new Failure(1, 'The token of the source is empty.');
  return line;
}
