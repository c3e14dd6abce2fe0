import { isObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { inOurName } from '../../program-name.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

/** What a login with each method takes, as words of `coffer login`. */
const logins: Readonly<Record<string, string>> = {
  token: '[TOKEN | -]',
  approle: 'role_id=@role-id secret_id=@secret-id',
  userpass: 'username=NAME [password=-]',
  ldap: 'username=NAME [password=-]',
  jwt: 'role=ROLE jwt=@token',
  oidc: '[role=ROLE]',
  kubernetes: 'role=ROLE',
  cert: '-client-cert=FILE -client-key=FILE [name=ROLE]',
  github: 'token=@token',
};

/** How to log in with a method, by its type or by where it is mounted. */
export async function authHelp(run: Run): Promise<number> {
  const given = cleanPath(word(run, 0));
  const known = Object.hasOwn(logins, given);
  const type = known ? given : await typeAt(run, given);
  const words = logins[type] ?? 'K=V...';
  const path = known || type === given ? '' : ` -path=${given}`;
  const text = `Usage: coffer login -method=${type}${path} ${words}

A password or token that is left out is asked for on the terminal. \`@FILE\` takes a value from a file and \`-\` from standard
input, so that other processes do not see it.\n`;
  run.terminal.out(inOurName(run.environment, text));
  return 0;
}

async function typeAt(run: Run, path: string): Promise<string> {
  const { client } = await run.clients();
  const secret = await attempt('Error listing auth methods', () => client.read('sys/auth'));
  const mount = secret?.data?.[`${path}/`];
  if (isObject(mount) && typeof mount['type'] === 'string') return mount['type'];
  throw new Failure(1, `No auth method available on the server at "${path}/"`);
}
