import { Failure } from './failure.ts';
import { type Environment, fromEnvironment } from './settings.ts';

const fs = process.getBuiltinModule('node:fs');

/** Vault's configuration of its command line: `token_helper = "/path/to/program"` in ~/.vault, or where *_CONFIG_PATH says. */
export function findTokenHelper(environment: Environment): string | undefined {
  const home = environment['HOME'] || environment['USERPROFILE'];
  const file = fromEnvironment(environment, 'CONFIG_PATH') ?? (home ? `${home}/.vault` : undefined);
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const helper = /^[ \t]*token_helper[ \t]*=[ \t]*"([^"\\\r\n]+)"/m.exec(text)?.[1];
  if (helper !== undefined && !helper.startsWith('/'))
    throw new Failure(1, `token_helper in ${file} has to be the whole path of a program`);
  return helper;
}

/**
 * Runs the user's program that keeps tokens, with one word as Vault does: `get` prints the token, `store` reads it from standard
 * input, `erase` forgets it. The token is never an argument.
 */
export function runTokenHelper(
  helper: string,
  action: 'get' | 'store' | 'erase',
  environment: Environment,
  token?: string,
): string {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const ran = spawnSync(helper, [action], {
    env: { ...environment },
    input: token ?? '',
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (ran.error || ran.status !== 0)
    throw new Failure(
      1,
      `the token helper ${helper} failed at ${action}`,
      'It is named in ~/.vault (token_helper).',
    );
  return ran.stdout.trim();
}
