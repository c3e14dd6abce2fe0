import fs from 'node:fs';
import type { Secret } from '../../../sdk/secret.ts';
import { readDataArguments } from '../../arguments/data-arguments.ts';
import { Failure, reasonOf } from '../../failure.ts';
import type { Run } from '../../run.ts';
import { fromEnvironment } from '../../settings.ts';
import { askForToken } from './ask-for-token.ts';

const podToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** A JWT from a file or standard input; in a pod, that of its service account. */
export function logInWithJwt(run: Run): Promise<Secret> {
  const { jwt, ...data } = textsOf(run);
  if (jwt) return askForToken(run, 'jwt', '', { ...data, jwt });
  throw new Failure(
    2,
    "Error authenticating: 'jwt' must be specified",
    'For example: coffer login -method=jwt role=deploy jwt=@token (a token in an argument can be seen by other processes)',
  );
}

export function logInAsPod(run: Run): Promise<Secret> {
  const { jwt, role, ...data } = textsOf(run);
  if (!role)
    throw new Failure(
      2,
      "Error authenticating: 'role' must be specified",
      'For example: coffer login -method=kubernetes role=inference-role',
    );
  return askForToken(run, 'kubernetes', '', { ...data, role, jwt: jwt || tokenOfPod() });
}

/** The client certificate is shown by the connection itself (-client-cert, -client-key). */
export async function logInWithCertificate(run: Run): Promise<Secret> {
  const data = textsOf(run);
  const { connection } = await run.clients();
  if (connection.tls.certificateFile === undefined)
    throw new Failure(
      2,
      'Error authenticating: a client certificate must be specified',
      'For example: coffer login -method=cert -client-cert=cert.pem -client-key=key.pem name=web',
    );
  return askForToken(run, 'cert', '', data);
}

/** A personal access token, which an argument would show to other processes. */
export async function logInWithGitHub(run: Run): Promise<Secret> {
  const given = textsOf(run)['token'] || fromEnvironment(run.environment, 'AUTH_GITHUB_TOKEN');
  return askForToken(run, 'github', '', { token: (given ?? (await askGitHubToken(run))).trim() });
}

async function askGitHubToken(run: Run): Promise<string> {
  if (run.terminal.inIsTerminal && !run.flags.on('non-interactive'))
    return run.terminal.askHidden('GitHub Personal Access Token (will be hidden): ', 'err');
  throw new Failure(
    2,
    'Error authenticating: there is no terminal to ask for the token on.',
    'Give it by standard input (token=-) or in the environment as COFFER_AUTH_GITHUB_TOKEN.',
  );
}

function tokenOfPod(): string {
  try {
    return fs.readFileSync(podToken, 'utf8').trim();
  } catch (error) {
    throw new Failure(
      2,
      `Error authenticating: open ${podToken}: ${reasonOf(error)}`,
      'Outside of a pod, give the token of a service account: jwt=@token',
    );
  }
}

function textsOf(run: Run): Record<string, string> {
  const data = readDataArguments(run.words, () => run.terminal.readInput());
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, String(value).trim()]));
}
