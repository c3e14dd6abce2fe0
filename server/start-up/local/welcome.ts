import { join, relative } from 'node:path';
import type { FirstStart } from './first-start.ts';
import type { Installation } from './installation.ts';
import { isInside, short } from './places.ts';

export interface WelcomeFacts {
  /** A URL. */
  readonly address: string;
  readonly installation: Installation;
  readonly tokenFile: string;
  readonly start: FirstStart;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The word that runs this program from where the reader stands. */
  readonly program: string;
  /** Not only this machine can reach the address, and nothing encrypts what is sent there. */
  readonly isExposed: boolean;
}

/** How the program that runs as `script` is called from `folder`: `bin/coffer` in a clone, `npx coffer` beside node_modules. */
export function programWord(script: string, folder: string): string {
  if (isInside(join(folder, 'node_modules'), script)) return 'npx coffer';
  if (!script.endsWith('.ts')) return 'coffer';
  return relative(folder, script).replace(/\.ts$/, '');
}

const defaultAddress = 'http://127.0.0.1:8200';

/** What a person sees at `coffer start`; says everything at the first start, and where things are at the others. */
export function welcome(facts: WelcomeFacts): string {
  const { address, installation, environment, start } = facts;
  const at = (path: string): string => short(path, environment);
  const { program } = facts;
  const key =
    installation.keyFile === undefined ? 'from COFFER_SECRET_ENCRYPTION_KEY' : at(installation.keyFile);
  const lines = [
    start.isFirst
      ? `Coffer is running at ${address}, with a new, empty store.`
      : `Coffer is running at ${address}`,
    '',
    `  Data         ${at(installation.dataFolder)}`,
    `  Key          ${key}`,
    `  Root token   ${at(installation.rootTokenFile)}`,
    '',
  ];
  if (facts.isExposed)
    lines.push('Other machines can reach this address, and nothing is encrypted on the way.', '');
  if (start.isFirst) lines.push(...firstSteps(facts), '');
  else {
    const login = `${program} login - < ${at(installation.rootTokenFile)}`;
    lines.push(`To log in as root: ${login}`, ...addressLines(address), '');
  }
  lines.push('Stop with Ctrl-C. In production: coffer server -config=FILE', '');
  return lines.join('\n');
}

function firstSteps(facts: WelcomeFacts): string[] {
  const { start, environment, program } = facts;
  const lines = [
    'Keep a copy of the key in another place: without it nobody can open the data.',
    '',
    `You are logged in: the root token is also in ${short(facts.tokenFile, environment)}. In another terminal, try:`,
    ...addressLines(facts.address),
    `  ${program} kv put secret/ai/openai api-key=sk-example`,
    `  ${program} kv get secret/ai/openai`,
    `  ${program} status`,
  ];
  if (start.replacedTokenFile !== undefined) {
    lines.push(
      '',
      `The token that was there before is now in ${short(start.replacedTokenFile, environment)}.`,
    );
  }
  if (start.isRecoveryKeyLost) {
    lines.push(
      '',
      'An earlier first start was interrupted before its recovery key was written down. Keep the root token: a new',
      'one cannot be made without that key.',
    );
  }
  return lines;
}

function addressLines(address: string): string[] {
  return address === defaultAddress ? [] : [`  export COFFER_ADDR=${address}`];
}
