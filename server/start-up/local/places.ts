import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { StartProblem } from '../start-problem.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the command line finds its token (cli/token-file.ts): Vault's file when the program was called by Vault's name. */
export function tokenFileOf(environment: Environment): string {
  const standsIn = ['vault', 'bao'].includes(environment['COFFER_PROGRAM'] ?? '');
  return join(homeOf(environment), standsIn ? '.vault-token' : '.coffer-token');
}

/** `-data`, `COFFER_DATA`, or the place that the XDG Base Directory Specification has for data. */
export function dataFolderOf(flag: string | undefined, environment: Environment): string {
  const chosen = flag || environment['COFFER_DATA'];
  if (chosen) return resolve(chosen);
  const base = environment['XDG_DATA_HOME'] || join(homeOf(environment), '.local', 'share');
  return join(resolve(base), 'coffer');
}

/** The folder of what belongs to one data folder and must not lie in it: its key, its root token. */
export function keyFolderOf(installationId: string, environment: Environment): string {
  const base = environment['XDG_CONFIG_HOME'] || join(homeOf(environment), '.config');
  return join(resolve(base), 'coffer', installationId);
}

export function isInside(folder: string, path: string): boolean {
  const whole = resolve(path);
  return whole === resolve(folder) || whole.startsWith(resolve(folder) + sep);
}

/** With `~` for the user's own folder, to be read by people. */
export function short(path: string, environment: Environment): string {
  const home = environment['HOME'];
  return home && home !== '/' && path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}

function homeOf(environment: Environment): string {
  const home = environment['HOME'] || environment['USERPROFILE'] || homedir();
  if (home) return home;
  throw new StartProblem(
    'the variable HOME is not set',
    'Set it, or name the places with -data and -key-file.',
  );
}
