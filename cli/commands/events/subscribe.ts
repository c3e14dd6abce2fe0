import { parseDurationSeconds } from '../../../formats/duration/index.ts';
import { openWebSocket, type StreamTarget } from '../../connection/streams.ts';
import { Failure } from '../../failure.ts';
import { attempt, type Run, word } from '../../run.ts';

const closedWell = 1000;

export async function subscribe(run: Run): Promise<number> {
  const type = word(run, 0).trim();
  if (type === '') throw new Failure(1, 'TYPE is missing: a type of events, or a glob such as "kv*"');
  const path = `sys/events/subscribe/${type}`;
  const filter = run.flags.text('filter');
  const namespaces = run.flags.list('namespaces') ?? [];
  const timeout = run.flags.text('timeout');
  const clients = await run.clients();
  if (run.flags.on('output-curl-string') || run.flags.on('output-policy')) await clients.client.read(path);
  const target: StreamTarget = {
    path: type.split('/').map(encodeURIComponent).join('/').replace(/^/, 'sys/events/subscribe/'),
    query: [
      ['json', 'true'],
      ...namespaces.map((name): readonly [string, string] => ['namespaces', name]),
      ...(filter === undefined ? [] : [['filter', filter] as const]),
    ],
  };
  const socket = await attempt('Error subscribing to events', () => openWebSocket(clients, target));
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => socket.close(closedWell), parseDurationSeconds(timeout) * 1000);
  socket.on('message', (data) => run.terminal.out(`${String(data)}\n`));
  const { code, reason } = await new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('error', () => {});
    socket.once('close', (closeCode, text) => resolve({ code: closeCode, reason: text.toString() }));
  });
  clearTimeout(timer);
  if (code === closedWell) return 0;
  const why = reason === '' ? 'the connection was lost' : reason;
  throw new Failure(2, `The subscription has ended: ${why} (${code})`);
}
