import type WebSocket from 'ws';
import { isObject } from '../../sdk/secret.ts';
import type { Session } from '../auto-auth/session.ts';
import type { ServerConnection } from '../connection/server-connection.ts';
import type { AgentLog } from '../log.ts';
import { BackOff, pause } from '../pause.ts';

/**
 * Listens to changes of key-value secrets, where the token may (`read` on sys/events/subscribe/kv*, `list` and `subscribe`
 * on the data), until `signal` ends. `onChange` gets a test for the paths that an event is about. Where the token may
 * not, templates follow in their render interval.
 */
export async function watchEvents(
  connection: ServerConnection,
  session: Session,
  log: AgentLog,
  onChange: (isMeant: (path: string) => boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  const backOff = new BackOff(1, 60);
  while (!signal.aborted) {
    const token = await session.whenToken(signal);
    if (token === undefined) return;
    const ended = await listen(connection, token, onChange, signal);
    if (signal.aborted) return;
    if (ended === 'refused') {
      log.debug('no events for this token: changes are seen in the render interval');
      await newToken(session, token, signal);
      continue;
    }
    if (ended === 'closed') {
      // The server ends a subscription with its token: look whether it still lives, and miss nothing meanwhile.
      session.doubt(token);
      backOff.reset();
      onChange(() => true);
    }
    await pause(backOff.nextSeconds(), signal);
  }
}

async function newToken(session: Session, old: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = session.onToken((token) => {
    if (token !== old) resolve();
  });
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  stop();
}

async function listen(
  connection: ServerConnection,
  token: string,
  onChange: (isMeant: (path: string) => boolean) => void,
  signal: AbortSignal,
): Promise<'closed' | 'refused' | 'unreachable'> {
  const { WebSocket: Socket } = await import('ws');
  const { settings, tls } = connection;
  const { ca, ...otherTls } = tls;
  const url = `${settings.address.replace(/^http/, 'ws')}/v1/sys/events/subscribe/kv*?json=true`;
  const socket: WebSocket = new Socket(url, {
    ...otherTls,
    ...(ca ? { ca: [...ca] } : {}),
    headers: {
      'X-Vault-Token': token,
      'X-Vault-Request': 'true',
      ...(settings.namespace === '' ? {} : { 'X-Vault-Namespace': settings.namespace }),
    },
    perMessageDeflate: false,
    followRedirects: false,
    handshakeTimeout: 10_000,
  });
  const { promise, resolve } = Promise.withResolvers<'closed' | 'refused' | 'unreachable'>();
  const stop = () => socket.terminate();
  signal.addEventListener('abort', stop, { once: true });
  let isOpen = false;
  socket.on('open', () => {
    isOpen = true;
    // What was changed between the first reading and now was not told.
    onChange(() => true);
  });
  socket.on('unexpected-response', (request, response) => {
    request.destroy();
    resolve((response.statusCode ?? 0) < 500 ? 'refused' : 'unreachable');
  });
  socket.on('error', () => resolve(isOpen ? 'closed' : 'unreachable'));
  socket.on('close', () => resolve(isOpen ? 'closed' : 'unreachable'));
  socket.on('message', (message) => {
    const isMeant = affected(String(message));
    if (isMeant) onChange(isMeant);
  });
  const ended = await promise;
  signal.removeEventListener('abort', stop);
  socket.terminate();
  return ended;
}

/** Which paths one CloudEvent is about: the same secret, whichever of its paths was written. */
export function affected(message: string): ((path: string) => boolean) | undefined {
  let event: unknown;
  try {
    event = JSON.parse(message);
  } catch {
    return undefined;
  }
  const data = isObject(event) && isObject(event['data']) ? event['data'] : {};
  const info = isObject(data['plugin_info']) ? data['plugin_info'] : {};
  const inner =
    isObject(data['event']) && isObject(data['event']['metadata']) ? data['event']['metadata'] : {};
  const mount = info['mount_path'];
  const path = inner['data_path'] ?? inner['path'];
  if (typeof mount !== 'string' || typeof path !== 'string' || !path.startsWith(mount)) return undefined;
  const nameOf = (full: string) =>
    full.slice(mount.length).replace(/^(data|metadata|delete|undelete|destroy|subkeys)\//, '');
  const name = nameOf(path);
  return (other) => other.startsWith(mount) && nameOf(other) === name;
}
