import type { Environment } from './settings.ts';

/** The names under which people and scripts call this program: its own, and those of the programs it stands in for. */
export type ProgramName = 'coffer' | 'vault' | 'bao';

/** The launcher bin/coffer puts there what it was called; the entry point keeps it from programs that are started. */
const variable = 'COFFER_PROGRAM';

export function programName(environment: Environment): ProgramName {
  const name = environment[variable];
  return name === 'vault' || name === 'bao' ? name : 'coffer';
}

/** What stands before the name of a setting in the environment, the one that wins first. */
export function variablePrefixes(environment: Environment): readonly string[] {
  return prefixes[programName(environment)];
}

const prefixes: Readonly<Record<ProgramName, readonly string[]>> = {
  coffer: ['COFFER_', 'VAULT_', 'BAO_'],
  vault: ['VAULT_', 'COFFER_', 'BAO_'],
  bao: ['BAO_', 'VAULT_', 'COFFER_'],
};

/** Where a login keeps its token, under the home folder: Vault and OpenBao share one file. */
export function tokenFileName(environment: Environment): string {
  return programName(environment) === 'coffer' ? '.coffer-token' : '.vault-token';
}

/**
 * Our own sentences (help, hints, advice) as the program would say them under the name it was called. Never for what a
 * user or a server wrote.
 */
export function inOurName(environment: Environment, text: string): string {
  const name = programName(environment);
  if (name === 'coffer') return text;
  const prefix = prefixes[name][0] ?? '';
  return text
    .replaceAll('~/.coffer-token', '~/.vault-token')
    .replace(/\bCOFFER_([A-Z_]+)(?: or VAULT_\1)?(?:, VAULT_\1 or BAO_\1)?/g, `${prefix}$1`)
    .replace(/(?<![\w./-])coffer(?= [a-zA-Z-])/g, name);
}

/** The first line of `version`: a name and a version as scripts look for them, then what it really is. */
export function versionLine(environment: Environment, ownVersion: string): string {
  const name = programName(environment);
  return name === 'coffer' ? `Coffer v${ownVersion}` : `${standsFor[name]} (Coffer v${ownVersion})`;
}

/** The versions whose API and command line are served: as `sys/health` says it, and as the recorded peer did. */
const standsFor = { vault: 'Vault v1.20.0', bao: 'OpenBao v2.0.0' } as const;
