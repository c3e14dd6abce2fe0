import { randomBytes } from 'node:crypto';
import type { Secret } from '../../../sdk/secret.ts';
import { readDataArguments } from '../../arguments/data-arguments.ts';
import { Failure } from '../../failure.ts';
import { attempt, type Run } from '../../run.ts';
import { finished, mountOf } from './ask-for-token.ts';
import { openCallbackListener } from './callback-listener.ts';
import { openBrowser } from './open-browser.ts';

/** As long as the server keeps the login open. */
const longestMs = 10 * 60_000;

/** Signs in at the provider in a browser and waits for it to come back to a listener on this machine. Vault's parameters. */
export async function logInWithBrowser(run: Run): Promise<Secret> {
  const given = readDataArguments(run.words, () => run.terminal.readInput());
  const text = (name: string, otherwise: string) =>
    given[name] === undefined || given[name] === '' ? otherwise : String(given[name]);
  const port = Number(text('port', '8250'));
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Failure(2, "Error authenticating: 'port' must be a port number");
  const listener = await openCallbackListener(text('listenaddress', 'localhost'), port);
  try {
    const host = text('callbackhost', 'localhost');
    const callbackPort = text('callbackport', String(listener.port));
    const redirectUri = `${text('callbackmethod', 'http')}://${host}:${callbackPort}/oidc/callback`;
    const clientNonce = randomBytes(24).toString('base64url');
    const url = await begin(run, text('role', ''), redirectUri, clientNonce);
    const isByHand = run.flags.on('no-browser') || ['true', '1'].includes(text('skip_browser', ''));
    await show(run, url, isByHand);
    const came = await listener.wait(url.searchParams.get('state') ?? '', longestMs);
    const { unwrapped } = await run.clients();
    const query = { state: came.state, code: came.code, client_nonce: clientNonce };
    try {
      const answer = await attempt('Error authenticating', () =>
        unwrapped.read(`${mountOf(run, 'oidc')}/oidc/callback`, query),
      );
      listener.say(true);
      return await finished(run, answer);
    } catch (error) {
      listener.say(false);
      throw error;
    }
  } finally {
    await listener.close();
  }
}

async function begin(run: Run, role: string, redirectUri: string, clientNonce: string): Promise<URL> {
  const { unwrapped } = await run.clients();
  const answer = await attempt('Error authenticating', () =>
    unwrapped.write(`${mountOf(run, 'oidc')}/oidc/auth_url`, {
      role,
      redirect_uri: redirectUri,
      client_nonce: clientNonce,
    }),
  );
  const text = answer?.data?.['auth_url'];
  if (typeof text !== 'string' || text === '')
    throw new Failure(
      2,
      `Error authenticating: the role ${JSON.stringify(role)} does not allow the redirect_uri ${JSON.stringify(redirectUri)}`,
      'Add it to allowed_redirect_uris of the role.',
    );
  const url = URL.parse(text);
  // Nothing else is given to a browser, whatever a server says.
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Failure(2, 'Error authenticating: the server names no http or https address to sign in at');
  return url;
}

async function show(run: Run, url: URL, isByHand: boolean): Promise<void> {
  const tell = (text: string) => run.terminal.err(text);
  if (isByHand)
    tell(
      `Complete the login via your OIDC provider. Open the following link in your browser:\n\n    ${url.href}\n\n\n`,
    );
  else {
    tell(`Complete the login via your OIDC provider. Launching browser to:\n\n    ${url.href}\n\n\n`);
    if (!(await openBrowser(url, run.environment)))
      tell('No browser could be opened: open the link above yourself, or log in with -no-browser.\n');
  }
  tell('Waiting for OIDC authentication to complete...\n');
}
