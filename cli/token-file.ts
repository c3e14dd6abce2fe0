import { Failure, reasonOf } from './failure.ts';
import { tokenFileName } from './program-name.ts';
import { type Environment, fromEnvironment } from './settings.ts';
import { findTokenHelper, runTokenHelper } from './token-helper.ts';

// Not `import`: that reads every export, and so loads what node:fs loads lazily (3 ms of a command's 25).
const fs = process.getBuiltinModule('node:fs');

const otherNames = ['.coffer-token', '.vault-token'];

/** The token to send: `COFFER_TOKEN` (or Vault's), else what `coffer login` or `vault login` stored; '' for none. */
export function findToken(environment: Environment): string {
  return fromEnvironment(environment, 'TOKEN')?.trim() ?? readStoredToken(environment) ?? '';
}

export function readStoredToken(environment: Environment): string | undefined {
  const helper = findTokenHelper(environment);
  if (helper !== undefined) return runTokenHelper(helper, 'get', environment) || undefined;
  for (const name of new Set([tokenFileName(environment), ...otherNames])) {
    const path = pathOf(environment, name);
    if (path === undefined) return undefined;
    try {
      const token = fs.readFileSync(path, 'utf8').trim();
      if (token !== '') return token;
    } catch (error) {
      if (!isMissing(error)) throw new Failure(1, `cannot read the stored token ${path}: ${reasonOf(error)}`);
    }
  }
  return undefined;
}

/** Replaces the stored token; only its owner may read the file (0600), also while it is being written. */
export function storeToken(environment: Environment, token: string): void {
  const helper = findTokenHelper(environment);
  if (helper !== undefined) return void runTokenHelper(helper, 'store', environment, token);
  const path = pathOf(environment, tokenFileName(environment));
  if (path === undefined) throw new Failure(1, 'cannot store the token: HOME is not set', 'Use -no-store.');
  const unfinished = `${path}.${process.pid}.new`;
  try {
    fs.rmSync(unfinished, { force: true });
    fs.writeFileSync(unfinished, token, { mode: 0o600, flag: 'wx' });
    fs.renameSync(unfinished, path);
  } catch (error) {
    fs.rmSync(unfinished, { force: true });
    throw new Failure(2, `cannot store the token in ${path}: ${reasonOf(error)}`, 'Use -no-store.');
  }
}

export function forgetStoredToken(environment: Environment): void {
  const helper = findTokenHelper(environment);
  if (helper !== undefined) return void runTokenHelper(helper, 'erase', environment);
  const path = pathOf(environment, tokenFileName(environment));
  if (path !== undefined) fs.rmSync(path, { force: true });
}

function pathOf(environment: Environment, name: string): string | undefined {
  const home = environment['HOME'] || environment['USERPROFILE'];
  return home ? `${home}/${name}` : undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
