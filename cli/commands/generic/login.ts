import { mfaRequirementOf } from '../../../sdk/mfa-requirement.ts';
import type { Secret, SecretAuth } from '../../../sdk/secret.ts';
import { readDataArguments } from '../../arguments/data-arguments.ts';
import { Failure } from '../../failure.ts';
import { printField, printSecret } from '../../output/print.ts';
import { inOurName } from '../../program-name.ts';
import { attempt, type Run } from '../../run.ts';
import { fromEnvironment } from '../../settings.ts';
import { storeToken } from '../../token-file.ts';
import { askForToken } from '../login/ask-for-token.ts';

export async function login(run: Run): Promise<number> {
  const tokenOnly = run.flags.on('token-only');
  const store = !run.flags.on('no-store') && !tokenOnly;
  if (run.flags.on('no-print') && !store)
    throw new Failure(1, '-no-store and -no-print cannot be used together');
  const method = run.flags.text('method') ?? 'token';
  const secret = await logIn(run, method);
  if (mfaRequirementOf(secret.auth)) return printMissing(run, secret);
  const token = secret.auth?.client_token ?? '';
  if (store) storeToken(run.environment, token);
  if (run.flags.on('no-print')) return 0;
  if (tokenOnly) return printField(run, 'token', token);
  if (run.field() === undefined && run.format === 'table') greet(run, store);
  return printSecret(run, secret);
}

/** No token yet: a script reads what is missing and sends it to sys/mfa/validate. */
function printMissing(run: Run, secret: Secret): Promise<number> {
  const notice = 'This login needs a second factor: send it to sys/mfa/validate within five minutes.\n\n';
  if (run.format === 'table') run.terminal.err(run.paint('warning', notice));
  return printSecret({ ...run, field: () => undefined }, { ...secret, warnings: null });
}

async function logIn(run: Run, method: string): Promise<Secret> {
  if (method === 'token') return checkToken(run);
  if (method === 'approle') return logInWithRole(run);
  if (passwordMethods.includes(method)) return logInWithPassword(run, method);
  if (method === 'oidc') return (await import('../login/browser-login.ts')).logInWithBrowser(run);
  const machines = await import('../login/machine-logins.ts');
  if (method === 'jwt') return machines.logInWithJwt(run);
  if (method === 'kubernetes') return machines.logInAsPod(run);
  if (method === 'cert') return machines.logInWithCertificate(run);
  if (method === 'github') return machines.logInWithGitHub(run);
  throw new Failure(
    1,
    `Unknown auth method: ${method}.`,
    'This command logs in with token, approle, userpass, ldap, jwt, oidc, kubernetes, cert or github; the others through `coffer write auth/PATH/login ...`.',
  );
}

async function checkToken(run: Run): Promise<Secret> {
  const token = await readToken(run);
  const clients = await run.clients();
  const self = await attempt('Error authenticating: error looking up token', () =>
    clients.withToken(token).read('auth/token/lookup-self'),
  );
  if (self === undefined) throw new Failure(2, 'Error authenticating: the server does not know the token');
  return { ...self, request_id: '', data: null, lease_duration: 0, auth: authOf(token, self.data ?? {}) };
}

async function readToken(run: Run): Promise<string> {
  const [first, ...rest] = run.words;
  let token: string;
  if (first === undefined) token = await askToken(run);
  else if (rest.length > 0) throw new Failure(1, 'Error parsing configuration: format must be key=value');
  else if (first === '-') token = run.terminal.readInput();
  else if (first.startsWith('token='))
    token = String(readDataArguments([first], () => run.terminal.readInput())['token'] ?? '');
  else token = first;
  if (token.trim() === '') throw new Failure(1, 'Error authenticating: the token is empty');
  return token.trim();
}

async function askToken(run: Run): Promise<string> {
  const prompt = 'Token (will be hidden): ';
  if (run.terminal.inIsTerminal && !run.flags.on('non-interactive'))
    return run.terminal.askHidden(prompt, 'err');
  run.terminal.err(`${prompt}\n`);
  throw new Failure(
    2,
    'Error authenticating: there is no terminal to ask for the token on.',
    'To read it from standard input, pass "-": coffer login - < token.txt',
  );
}

/** What a token's own lookup says, in the form of a login's answer. */
function authOf(token: string, data: Readonly<Record<string, unknown>>): SecretAuth {
  const texts = (value: unknown): string[] | null =>
    Array.isArray(value) ? value.filter((item) => typeof item === 'string') : null;
  const policies = texts(data['policies']);
  const identity = texts(data['identity_policies']);
  const meta = data['meta'];
  return {
    client_token: token,
    accessor: typeof data['accessor'] === 'string' ? data['accessor'] : '',
    policies: identity === null ? policies : [...new Set([...(policies ?? []), ...identity])],
    token_policies: policies,
    identity_policies: identity,
    metadata:
      typeof meta === 'object' && meta !== null && !Array.isArray(meta)
        ? Object.fromEntries(Object.entries(meta))
        : null,
    orphan: data['orphan'] === true,
    entity_id: typeof data['entity_id'] === 'string' ? data['entity_id'] : '',
    lease_duration: typeof data['ttl'] === 'number' ? data['ttl'] : 0,
    renewable: data['renewable'] === true,
    mfa_requirement: null,
  };
}

/** Methods that take a user name and a password. */
const passwordMethods = ['userpass', 'ldap'];

async function logInWithPassword(run: Run, method: string): Promise<Secret> {
  const data = readDataArguments(run.words, () => run.terminal.readInput());
  const { username, password, ...rest } = data;
  if (typeof username !== 'string' || username === '')
    throw new Failure(2, "Error authenticating: 'username' must be specified");
  const given = typeof password === 'string' ? password : await askPassword(run);
  return askForToken(run, method, `/${username}`, { ...rest, password: withoutLineEnd(given) });
}

/** A role that needs no secret id takes none; the values may come from files and from standard input. */
function logInWithRole(run: Run): Promise<Secret> {
  const data = readDataArguments(run.words, () => run.terminal.readInput());
  if (typeof data['role_id'] !== 'string' || data['role_id'] === '')
    throw new Failure(
      2,
      "Error authenticating: 'role_id' must be specified",
      'For example: coffer login -method=approle role_id=@role-id secret_id=@secret-id',
    );
  const ids = Object.entries(data).map(([name, value]) => [
    name,
    typeof value === 'string' ? withoutLineEnd(value) : value,
  ]);
  return askForToken(run, 'approle', '', Object.fromEntries(ids));
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

async function askPassword(run: Run): Promise<string> {
  const prompt = 'Password (will be hidden): ';
  if (run.terminal.inIsTerminal && !run.flags.on('non-interactive'))
    return run.terminal.askHidden(prompt, 'err');
  run.terminal.err(`${prompt}\n`);
  throw new Failure(2, 'Error authenticating: there is no terminal to ask for the password on.');
}

function greet(run: Run, stored: boolean): void {
  if (!stored)
    run.terminal.err(
      run.paint(
        'warning',
        inOurName(
          run.environment,
          'The token was not stored. Set COFFER_TOKEN to the token below for the commands to come.\n\n',
        ),
      ),
    );
  else if (fromEnvironment(run.environment, 'TOKEN') !== undefined)
    run.terminal.err(
      run.paint(
        'warning',
        'WARNING! A token is also set in the environment (COFFER_TOKEN, VAULT_TOKEN or BAO_TOKEN) and takes precedence\nover the stored one. Unset it to use the token you have just logged in with.\n\n',
      ),
    );
  run.terminal.out(
    stored
      ? inOurName(
          run.environment,
          'Success! You are now authenticated. The token below is stored in ~/.coffer-token\nand used by every command from now on.\n\n',
        )
      : 'Success! You are now authenticated.\n\n',
  );
}
