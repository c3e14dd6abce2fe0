import { followText } from '../../connection/streams.ts';
import { Failure } from '../../failure.ts';
import { attempt, type Run } from '../../run.ts';
import { fromEnvironment } from '../../settings.ts';

export async function monitor(run: Run): Promise<number> {
  const level = run.flags.text('log-level') ?? fromEnvironment(run.environment, 'LOG_LEVEL') ?? 'info';
  const format = run.flags.text('log-format') ?? fromEnvironment(run.environment, 'LOG_FORMAT') ?? 'standard';
  const query = { log_level: level, log_format: format };
  const clients = await run.clients();
  if (run.flags.on('output-curl-string') || run.flags.on('output-policy'))
    await clients.client.read('sys/monitor', query);
  await attempt('Error monitoring the server', () =>
    followText(clients, { path: 'sys/monitor', query: Object.entries(query) }, (text) =>
      run.terminal.out(text),
    ),
  );
  throw new Failure(2, 'The server ended the stream: it seals or stops, or the token has ended.');
}
